#include "probes/cubin_arch_patch.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/cubin/elf.h"
#include "harness/cubin/fatbin_writer.h"
#include "harness/cubin/info.h"
#include "harness/cubin/patch.h"
#include "probes/word_map.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::Container;
using gate::EditImage;
using gate::ImageAttempt;
using gate::Native;
using gate::PatchedLaunch;
using Bytes = std::vector<std::byte>;
using Image = std::span<const std::byte>;

constexpr std::uint32_t kConstant = 0x5ac3967e;        // of ptx/image_arithmetic.cu, once in each copy of its code
constexpr std::uint32_t kTracerConstant = 0x6bd4a58f;  // what a tracer puts in its place

// --- edits ----------------------------------------------------------------------------------------------------------

/// An edit by the bytes that it leaves; the diff is taken elsewhere.
Result<Bytes> image_of(Result<cubin::Patched> patched) {
  if (!patched) return patched.error();
  return std::move(patched->image);
}

EditImage both(EditImage first, EditImage second) {
  return [first = std::move(first), second = std::move(second)](Image image, const Native& native) -> Result<Bytes> {
    const Result<Bytes> once = first(image, native);
    return once ? second(*once, native) : once;
  };
}

Result<int> sm_of(Image image) {
  const Result<cubin::Elf> elf = cubin::Elf::read(image);
  if (!elf) return elf.error();
  return elf->sm();
}

/// The SM number of the native twin, in the header of an image that was built for another target.
Result<Bytes> sm_byte(Image image, const Native& native) {
  const Result<int> sm = sm_of(image);
  if (!sm) return sm.error();
  return image_of(cubin::patch_sm(image, *sm, native.sm));
}

/// One byte of the image becomes a value, whatever it was: also of an image that an edit before made unreadable.
EditImage byte_becomes(std::size_t offset, std::uint8_t value) {
  return [=](Image image, const Native&) -> Result<Bytes> {
    if (offset >= image.size()) return Error{fmt::format("offset {:#x}: past the end of the image", offset)};
    Bytes edited(image.begin(), image.end());
    edited[offset] = static_cast<std::byte>(value);
    return edited;
  };
}

/// The byte at this offset of the native twin's header.
EditImage byte_as_native(std::size_t offset) {
  return [=](Image image, const Native& native) -> Result<Bytes> {
    if (offset >= native.image.size()) return Error{"there is no native build to take the byte from"};
    return byte_becomes(offset, std::to_integer<std::uint8_t>(native.image[offset]))(image, native);
  };
}

EditImage sm_byte_plus(int difference) {
  return [=](Image image, const Native& native) -> Result<Bytes> {
    return byte_becomes(cubin::kSmOffset, static_cast<std::uint8_t>(native.sm + difference))(image, native);
  };
}

/// The constant in one copy of the arithmetic kernel's code.
EditImage tracer(std::string_view section) {
  return [section](Image image, const Native&) {
    return image_of(cubin::patch_word(image, section, kConstant, kTracerConstant));
  };
}

/// A metadata record of the kernel becomes padding, in both of its copies.
EditImage record_padded(std::string_view kernel, std::uint8_t attribute) {
  return [=](Image image, const Native&) {
    return image_of(
        cubin::patch_info_record_twice(image, kernel, attribute, {.format = {}, .attribute = cubin::attribute::kPad}));
  };
}

/// The first record of a metadata section gets this format.
EditImage record_format(std::string_view section, std::uint8_t format) {
  return [=](Image image, const Native& native) -> Result<Bytes> {
    const Result<cubin::Elf> elf = cubin::Elf::read(image);
    if (!elf) return elf.error();
    const auto found = std::ranges::find(elf->sections(), section, &cubin::Section::name);
    if (found == elf->sections().end()) return Error{fmt::format("no section {}", section)};
    return byte_becomes(found->offset, format)(image, native);
  };
}

/// The value of an attribute of `.nv.compat`.
EditImage compat_value(std::uint8_t attribute, std::uint8_t value) {
  return [=](Image image, const Native& native) -> Result<Bytes> {
    const Result<cubin::Elf> elf = cubin::Elf::read(image);
    if (!elf) return elf.error();
    const auto section = std::ranges::find(elf->sections(), ".nv.compat", &cubin::Section::name);
    if (section == elf->sections().end()) return Error{"no section .nv.compat"};
    const auto records = cubin::info_records(*elf, *section);
    if (!records) return records.error();
    const auto record = std::ranges::find(*records, attribute, &cubin::InfoRecord::attribute);
    if (record == records->end()) return Error{fmt::format(".nv.compat has no attribute {}", attribute)};
    constexpr std::size_t kValue = 2;  // behind format and attribute
    return byte_becomes(record->offset + kValue, value)(image, native);
  };
}

/// Where parameters start in the constant bank: as the native build has it, in the image's own record.
Result<Bytes> parameter_base_as_native(Image image, const Native& native) {
  const auto base = [](Image from) -> Result<std::pair<std::string, std::uint32_t>> {
    const Result<cubin::Elf> elf = cubin::Elf::read(from);
    if (!elf) return elf.error();
    for (const cubin::Section& section : elf->sections()) {
      if (!section.name.starts_with(".nv.info.")) continue;
      const auto records = cubin::info_records(*elf, section);
      if (!records) return records.error();
      const auto found = std::ranges::find(*records, cubin::attribute::kParamCbank, &cubin::InfoRecord::attribute);
      if (found != records->end()) return std::pair{std::string(section.name), cubin::payload_word(*found, 1)};
    }
    return Error{"no PARAM_CBANK record"};
  };
  const auto own = base(image), wanted = base(native.image);
  if (!own) return own.error();
  if (!wanted) return wanted.error();
  return image_of(cubin::patch_word(image, own->first, own->second, wanted->second));
}

/// The PTX target number in the note for people, behind the note's header, its name and the layout.
EditImage virtual_sm(std::uint8_t number) {
  return [=](Image image, const Native& native) -> Result<Bytes> {
    const Result<cubin::Elf> elf = cubin::Elf::read(image);
    if (!elf) return elf.error();
    const auto note = std::ranges::find(elf->sections(), ".note.nv.cuinfo", &cubin::Section::name);
    if (note == elf->sections().end() || elf->content(*note).empty()) return Error{"no section .note.nv.cuinfo"};
    constexpr std::size_t kHeader = 12, kLayout = 2;
    const std::size_t name = std::to_integer<std::size_t>(elf->content(*note).front());
    return byte_becomes(note->offset + kHeader + (name + 3) / 4 * 4 + kLayout, number)(image, native);
  };
}

EditImage symbol_absolute(std::string_view symbol) {
  constexpr std::uint16_t kAbsolute = 0xfff1;
  return [=](Image image, const Native&) {
    return image_of(cubin::patch_symbol(image, ".symtab", symbol, {.info = {}, .section = kAbsolute, .value = {}}));
  };
}

EditImage symbol_renamed(std::string_view symbol, std::string_view name) {
  return [=](Image image, const Native&) { return image_of(cubin::rename_symbol(image, symbol, name)); };
}

/// The fatbin's own SM number: that of the native twin.
Result<Bytes> entry_as_native(Image fatbin, const Native& native) {
  return byte_becomes(cubin::kEntrySmOffset, static_cast<std::uint8_t>(native.sm))(fatbin, native);
}

/// The SM number of the image in a fatbin.
Result<Bytes> contained_as_native(Image fatbin, const Native& native) {
  constexpr std::size_t kAt = cubin::kEntryImageOffset + cubin::kSmOffset;
  return byte_becomes(kAt, static_cast<std::uint8_t>(native.sm))(fatbin, native);
}

/// The fatbin's own SM number: 100, or 120 where the device is of that family.
Result<Bytes> entry_as_foreign(Image fatbin, const Native& native) {
  return byte_becomes(cubin::kEntrySmOffset, native.sm / 10 == 10 ? 120 : 100)(fatbin, native);
}

// --- launches -------------------------------------------------------------------------------------------------------

std::uint32_t as_built_word(std::uint32_t in, std::uint32_t index) { return (in ^ kConstant) + 3 * index; }
std::uint32_t as_edited_word(std::uint32_t in, std::uint32_t index) { return (in ^ kTracerConstant) + 3 * index; }

gate::Reading arithmetic_reading(const gate::Seed& seed, WordMap map, const std::string& name, std::string executed) {
  gate::Probe words = make_word_map(seed, {}, "arithmetic", map, {});
  gate::Reading reading{.executed = std::move(executed),
                        .expected = std::move(words.cases.front()),
                        .negative = std::move(words.negative)};
  reading.expected.name = name;
  reading.negative.name = name + ", one bit of one word flipped";
  return reading;
}

gate::Case multicast_case(const std::vector<std::uint32_t>& words, std::string name) {
  std::vector<std::uint32_t> twice = words;
  twice.insert(twice.end(), words.begin(), words.end());
  return {.name = std::move(name),
          .entry = "multicast",
          .launch = {.grid = {2}, .block = {256}, .cluster = {2}},
          .arguments = {gate::Input{"source", gate::bytes_of(words)},
                        gate::Output{"destination", gate::bytes_of(twice), {}}},
          .hidden = {}};
}

gate::Case alloc_case(const std::vector<std::uint32_t>& words, std::string name) {
  std::vector<std::uint32_t> expected;
  for (const std::uint32_t word : words) expected.push_back(word ^ kConstant);
  return {.name = std::move(name),
          .entry = "tcgen05_alloc",
          .launch = {.grid = {}, .block = {32}, .cluster = {}},
          .arguments = {gate::Input{"source", gate::bytes_of(words)},
                        gate::Output{"destination", gate::bytes_of(expected), {}}},
          .hidden = {}};
}

using MakeCase = gate::Case (*)(const std::vector<std::uint32_t>&, std::string);

gate::Reading words_reading(const gate::Seed& seed, MakeCase make, std::size_t count) {
  gate::ChallengeStream stream(seed, "inputs");
  std::vector<std::uint32_t> words(count);
  for (std::uint32_t& word : words) word = stream.next();
  std::vector<std::uint32_t> changed = words;
  changed[stream.below(static_cast<std::uint32_t>(count))] ^= 1u << stream.below(32);
  return {.executed = "", .expected = make(words, "words"), .negative = make(changed, "words, one bit flipped")};
}

// --- the list -------------------------------------------------------------------------------------------------------

constexpr Target kForeign[] = {{75, ' '},  {80, ' '},  {86, ' '},  {89, ' '},  {90, ' '},  {90, 'a'},  {100, ' '},
                               {100, 'a'}, {100, 'f'}, {103, 'a'}, {110, 'a'}, {120, 'a'}, {120, 'f'}, {121, 'a'}};

/// Collects the attempts of one device; a member a group.
class Attempts {
 public:
  Attempts(const gate::Seed& seed, Target device) : seed_(seed), device_(device) {}

  std::vector<ImageAttempt> all() && {
    baseline();
    as_built();
    sm_bytes();
    tensor_memory_records();
    single_edits();
    fatbins();
    texts();
    return std::move(attempts_);
  }

 private:
  ImageAttempt& add(std::string variant, std::string_view kernel, Target source, EditImage edit, std::string asks) {
    ImageAttempt attempt;
    attempt.variant = std::move(variant);
    attempt.asks = std::move(asks);
    attempt.text = ptx_text(fmt::format("image_{}", kernel));
    attempt.source = source;
    attempt.entry = kernel;
    attempt.edit = std::move(edit);
    return attempts_.emplace_back(std::move(attempt));
  }

  bool own_family(int sm) const { return sm / 10 == device_.sm / 10; }
  Target far_source() const { return own_family(100) ? Target{120, 'a'} : Target{100, 'a'}; }

  gate::Reading built() const { return arithmetic_reading(seed_, as_built_word, "as built", ""); }

  void may_launch(ImageAttempt& attempt, PatchedLaunch by, std::vector<gate::Reading> readings) {
    attempt.launched_by = by;
    attempt.readings = std::move(readings);
  }

  /// The edited constant came out, or the one that was built.
  void traces(ImageAttempt& attempt, std::string_view copy) {
    may_launch(attempt, PatchedLaunch::baseline,
               {arithmetic_reading(seed_, as_edited_word, "as edited", fmt::format("the edited {}", copy)),
                arithmetic_reading(seed_, as_built_word, "as built", fmt::format("not the edited {}", copy))});
  }

  void baseline() {
    const Target source = far_source();
    const std::string far = to_string(source);
    may_launch(add("sm-byte.arithmetic." + far, "arithmetic", source, sm_byte,
                   fmt::format("the plain kernel of {} with this device's SM byte", far)),
               PatchedLaunch::baseline, {built()});
    constexpr std::pair<std::string_view, std::string_view> kCopies[] = {{"text", ".text.arithmetic"},
                                                                         {"mercury", ".nv.capmerc.text.arithmetic"}};
    for (const auto& [name, section] : kCopies) {
      traces(add(fmt::format("tracer.{}.native", name), "arithmetic", device_, tracer(section),
                 fmt::format("the native image with one constant changed in {} only", section)),
             section);
      traces(add(fmt::format("tracer.{}.{}", name, far), "arithmetic", source, both(sm_byte, tracer(section)),
                 fmt::format("the image of {} with this device's SM byte and one constant changed in {} only", far,
                             section)),
             section);
    }
  }

  void as_built() {
    may_launch(
        add("native.arithmetic", "arithmetic", device_, {}, "the native image itself: does its kernel run right?"),
        PatchedLaunch::baseline, {built()});
    for (const Target target : kForeign)
      if (target != device_)
        add("as-built.arithmetic." + to_string(target), "arithmetic", target, {},
            fmt::format("the plain kernel as the toolchain builds it for {}", to_string(target)));
    add("as-built.multicast.sm_100a", "multicast", {100, 'a'}, {}, "a multicast copy as built for sm_100a");
    add("as-built.multicast.sm_121a", "multicast", {121, 'a'}, {}, "a multicast copy as built for sm_121a");
    add("as-built.tcgen05_alloc.sm_100a", "tcgen05_alloc", {100, 'a'}, {}, "tensor memory as built for sm_100a");
    add("as-built.block_scale.sm_121a", "block_scale", {121, 'a'}, {}, "block-scaled FP4 as built for sm_121a");
  }

  void sm_bytes() {
    for (const Target target : kForeign) {
      if (target == far_source() || target.sm == device_.sm || target.sm == 75 || target.sm == 86) continue;
      add("sm-byte.arithmetic." + to_string(target), "arithmetic", target, sm_byte,
          fmt::format("the plain kernel of {} with this device's SM byte", to_string(target)));
    }
    add_sm_byte("e4m3", {100, 'a'});
    add_sm_byte("e4m3", {121, 'a'});
    ImageAttempt& multicast = add_sm_byte("multicast", {100, 'a'});
    may_launch(multicast, PatchedLaunch::all, {words_reading(seed_, multicast_case, 256)});
    add_sm_byte("multicast", {121, 'a'});
    add_sm_byte("block_scale", {121, 'a'});
    ImageAttempt& alloc = add_sm_byte("tcgen05_alloc", {100, 'a'});
    may_launch(alloc, PatchedLaunch::all, {words_reading(seed_, alloc_case, 32)});
    add_sm_byte("tcgen05_mma", {100, 'a'});
    constexpr std::size_t kKind = 0x30;
    add("sm-byte.kind.arithmetic.sm_100a", "arithmetic", {100, 'a'}, both(sm_byte, byte_as_native(kKind)),
        "the SM byte and the image kind of the native build");
    add("sm-byte.kind.arithmetic.sm_120a", "arithmetic", {120, 'a'}, both(sm_byte, byte_as_native(kKind)),
        "the SM byte and the image kind of the native build");
    add("sm-byte.kind.tcgen05_alloc.sm_100a", "tcgen05_alloc", {100, 'a'}, both(sm_byte, byte_becomes(kKind, 0x04)),
        "tensor memory with this device's SM byte and the image kind 0x04");
    add("sm-byte.param-base.arithmetic.sm_89", "arithmetic", {89, ' '}, both(sm_byte, parameter_base_as_native),
        "the SM byte and the parameter base of the native build");
  }

  /// On a device that is its home there is no SM byte to rewrite: the edit then does not fit, and the record says so.
  ImageAttempt& add_sm_byte(std::string_view kernel, Target source) {
    return add(fmt::format("sm-byte.{}.{}", kernel, to_string(source)), kernel, source, sm_byte,
               fmt::format("{} of {} with this device's SM byte", kernel, to_string(source)));
  }

  /// What of a tensor-memory image moves the loader's answer: one metadata record after the other becomes padding.
  void tensor_memory_records() {
    using namespace cubin::attribute;
    const auto padded = [](std::uint8_t attribute) { return record_padded("tcgen05_alloc", attribute); };
    const auto add_padded = [&](const std::string& name, EditImage edit, std::string_view what) {
      add("sm-byte.pad-" + name + ".tcgen05_alloc.sm_100a", "tcgen05_alloc", {100, 'a'}, both(sm_byte, std::move(edit)),
          fmt::format("tensor memory with this device's SM byte and {} relabelled as padding", what));
    };
    add_padded("0x41", padded(kReservedSmemUsed), "RESERVED_SMEM_USED");
    add_padded("0x51", padded(kTcgen05OneCtaUsed), "TCGEN05_1CTA_USED");
    add_padded("0x4f", padded(kAtEntryFragments), "AT_ENTRY_FRAGMENTS");
    add_padded("all", both(both(padded(kReservedSmemUsed), padded(kTcgen05OneCtaUsed)), padded(kAtEntryFragments)),
               "all three records");
  }

  /// A good native image with one thing changed.
  void add_edit(const std::string& name, EditImage edit, const std::string& asks) {
    add("edit." + name, "arithmetic", device_, std::move(edit), "the native image with " + asks);
  }

  void single_edits() {
    add_edit("sm-byte.plus-1", sm_byte_plus(1), "the next SM number in its header");
    add_edit("sm-byte.minus-1", sm_byte_plus(-1), "the SM number before in its header");
    add_edit("magic", byte_becomes(0, 0x7e), "another first byte");
    add_edit("machine", byte_becomes(0x12, 0xbf), "another e_machine");
    add_edit("osabi-0", byte_becomes(7, 0), "OSABI 0");
    add_edit("osabi-0x33", both(byte_becomes(7, 0x33), byte_becomes(8, 7)), "the OSABI and version of older images");
    add_edit("abi-version-9", byte_becomes(8, 9), "ABI version 9");
    for (const std::uint8_t kind : std::initializer_list<std::uint8_t>{0x00, 0x02, 0x0c})
      add_edit(fmt::format("kind-{:#04x}", kind), byte_becomes(0x30, kind), fmt::format("image kind {:#04x}", kind));
    add_edit("flags-16-23", byte_becomes(0x32, 0x5a), "bits 16-23 of e_flags set");
    add_edit("flags-24-31.0x00", byte_becomes(0x33, 0x00), "bits 24-31 of e_flags zero");
    add_edit("flags-24-31.0xff", byte_becomes(0x33, 0xff), "bits 24-31 of e_flags set");
    add_edit("info-format", record_format(".nv.info", 0x7f), "an unknown record format in .nv.info");
    add_edit("info-format-0", record_format(".nv.info", 0), "record format 0 in .nv.info");
    add_compat("2.2", 2, 2);
    add_compat("2.0x7f", 2, 0x7f);
    add_compat("6.0", 6, 0);
    add_compat("9.flip", 9, device_.suffix == 'a' ? 0 : 1);
    add_compat("9.0x7f", 9, 0x7f);
    add_edit("virtual-sm", virtual_sm(device_.sm == 100 ? 103 : 100), "another PTX target number in its note");
    add_edit("symbol.absolute", symbol_absolute(kReserved), "the undefined symbol for reserved memory made absolute");
    if (own_family(100) || own_family(110)) native_tensor_memory_records();
    add_edit("symbol.renamed", symbol_renamed(kReserved, ".nv.reservedSmem.offset9"),
             "the undefined symbol for reserved memory renamed");
  }

  /// The same relabelling of an image that is good to begin with, where the device's own target builds one.
  void native_tensor_memory_records() {
    using namespace cubin::attribute;
    for (const std::uint8_t attribute : {kReservedSmemUsed, kTcgen05OneCtaUsed, kAtEntryFragments})
      add(fmt::format("edit.pad-{:#04x}.tcgen05_alloc", attribute), "tcgen05_alloc", device_,
          record_padded("tcgen05_alloc", attribute),
          fmt::format("the native image of tensor memory with record {:#04x} relabelled as padding", attribute));
  }

  void add_compat(std::string_view name, std::uint8_t attribute, std::uint8_t value) {
    add_edit(fmt::format("compat.{}", name), compat_value(attribute, value),
             fmt::format("attribute {} of .nv.compat set to {:#04x}", attribute, value));
  }

  void add_fatbin(const std::string& name, Target source, EditImage edit, std::string asks) {
    add("fatbin." + name, "arithmetic", source, std::move(edit), std::move(asks)).container = Container::fatbin;
  }

  void fatbins() {
    const Target far = far_source();
    add_fatbin("native", device_, {}, "a fatbin of the native image");
    add_fatbin("foreign", far, {}, "a fatbin of a foreign image");
    add_fatbin("foreign-with-ptx", far, {}, "a fatbin of a foreign image and PTX for sm_80");
    attempts_.back().ptx_beside = replaced(plain_text({80, ' '}), "control_arithmetic(", "arithmetic(");
    add_fatbin("entry-foreign", device_, entry_as_foreign, "a foreign SM number over the native image");
    add_fatbin("image-edited", far, contained_as_native, "a foreign SM number over a foreign image with this SM byte");
    add_fatbin("entry-edited", far, entry_as_native, "this device's SM number over a foreign image");
    add_fatbin("both-edited", far, both(entry_as_native, contained_as_native), "both SM numbers rewritten");
  }

  ImageAttempt& add_text(const std::string& name, Target target, std::string text, std::string asks) {
    ImageAttempt attempt;
    attempt.variant = "ptx." + name;
    attempt.asks = std::move(asks);
    attempt.container = Container::ptx;
    attempt.text = std::move(text);
    attempt.source = target;
    attempt.entry = "control_arithmetic";
    return attempts_.emplace_back(std::move(attempt));
  }

  static std::string plain_text(Target target) {
    return gate::with_instruction({"control_arithmetic", ptx_text("control_arithmetic"), {6, 0}}, target);
  }

  static std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
  }

  void texts() {
    for (const Target target : {Target{80, ' '}, {90, ' '}, {90, 'a'}, {100, ' '}, {100, 'a'}, {100, 'f'}, {121, 'a'}})
      add_text("as-is." + to_string(target), target, plain_text(target),
               fmt::format("the plain kernel as PTX for {}", to_string(target)));
    const gate::Source alloc{"tcgen05_alloc", ptx_text("tcgen05_alloc"), {8, 6}};
    add_text("as-is.tcgen05_alloc.sm_100a", {100, 'a'}, gate::with_instruction(alloc, {100, 'a'}),
             "tensor memory as PTX for sm_100a")
        .entry = "allocate";
    const std::string own = plain_text(device_);
    if (!own_family(100) && !own_family(110))
      add_broken("retargeted-tcgen05_alloc", gate::with_instruction(alloc, device_),
                 "tensor memory as PTX for this device's target");
    add_broken("opcode", replaced(own, "prmt.b32", "prnt.b32"), "PTX with an opcode that there is not");
    add_broken("target", replaced(own, ".target " + to_string(device_), ".target sm_77"), "PTX for an unknown target");
    add_broken("extern", with_unresolved_call(own), "PTX that calls a function that nobody defines");
    add_broken(
        "version-99",
        replaced(own, own.substr(own.find(".version"), own.find('\n', own.find(".version")) - own.find(".version")),
                 ".version 99.0"),
        "PTX of a version that there is not");
  }

  void add_broken(const std::string& name, std::string text, std::string asks) {
    add_text("broken." + name, device_, std::move(text), std::move(asks)).broken_on_purpose = true;
  }

  static std::string with_unresolved_call(std::string text) {
    text = replaced(std::move(text), ".visible .entry", ".extern .func nobody();\n\n.visible .entry");
    return replaced(std::move(text), "  st.global.u32 [%to], %out;",
                    "  call.uni nobody;\n  st.global.u32 [%to], %out;");
  }

  static constexpr std::string_view kReserved = ".nv.reservedSmem.offset0";

  const gate::Seed& seed_;
  const Target device_;
  std::vector<ImageAttempt> attempts_;
};

}  // namespace

std::vector<ImageAttempt> make_cubin_arch_patch(const gate::Seed& seed, Target device) {
  return Attempts(seed, device).all();
}

}  // namespace assay::probes
