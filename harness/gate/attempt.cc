#include "harness/gate/attempt.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/utc.h"
#include "harness/gate/question.h"
#include "harness/gate/run_image.h"
#include "harness/gate/run_probe.h"
#include "harness/gate/workload.h"

namespace assay::gate {
namespace {

using evidence::Record;

constexpr std::array kKinds = {"survey", "question", "probe", "assemble", "foreign", "images", "workload"};

constexpr std::array kAllowed = {"none", "baseline", "all"};

std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Artifacts into the scratch folder, stages and records onto the wire.
class WireLog : public AttemptLog {
 public:
  WireLog(std::filesystem::path scratch, const std::function<void(std::string_view)>& print)
      : scratch_(std::move(scratch)), print_(print) {}

  std::string keep(std::span<const std::byte> bytes) override {
    const std::string name = hex(sha256(bytes));
    std::error_code ignored;
    if (!std::filesystem::exists(scratch_ / name, ignored))
      (void)write_file(scratch_ / name, bytes, Durable::later);  // the parent misses the file and says so
    return name;
  }

  void reached(evidence::Stage stage, const Record& record) override {
    send({{"at", evidence::word(stage)}, {"record", evidence::to_json(record)}});
  }

  void finished(Record& record) {
    record.finished_utc = evidence::format_utc(evidence::utc_now());
    send({{"record", evidence::to_json(record)}});
  }

  void send(const Json& line) {
    if (const Result<std::string> text = canonical_json(line)) print_(*text);
  }

 private:
  std::filesystem::path scratch_;
  const std::function<void(std::string_view)>& print_;
};

/// The position of a field's word among those that there are.
std::size_t index_of(ObjectReader& reader, std::string_view key, std::span<const char* const> words) {
  const std::string word = reader.string(key);
  const auto found = std::ranges::find(words, word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  reader.fault(key, "unknown word '" + word + "'");
  return 0;
}

Json to_json(const cuda::ToolIdentity& tool) {
  return {{"name", tool.name}, {"version", tool.version}, {"sha256", tool.sha256}, {"path_class", tool.path_class}};
}

evidence::DriverLibrary library_of(cuda::LibraryKind kind) {
  switch (kind) {
    case cuda::LibraryKind::system:
      return evidence::DriverLibrary::system;
    case cuda::LibraryKind::emulated:
      return evidence::DriverLibrary::emulated;
    case cuda::LibraryKind::unknown:
      break;
  }
  return evidence::DriverLibrary::unknown;
}

/// Serves one request; a member per kind.
class Server {
 public:
  Server(const AttemptRequest& request, std::span<const Gate> table, MakeProbe copy_control,
         const std::function<void(std::string_view)>& print)
      : request_(request), table_(table), copy_control_(copy_control), log_(request.scratch, print) {}

  Status serve() {
    const Result<std::string> nonce = unhex(request_.nonce);
    if (!nonce || nonce->size() != 32) return Error{"attempt request: nonce must be 64 hex digits"};
    nonce_ = *nonce;
    open_toolchain();
    switch (request_.kind) {
      case AttemptRequest::Kind::assemble:
        return serve_assemble();
      case AttemptRequest::Kind::foreign:
        return serve_foreign();
      case AttemptRequest::Kind::images:
        return serve_images();
      case AttemptRequest::Kind::workload:
        return serve_workload();
      default:
        return serve_on_device();
    }
  }

 private:
  void open_toolchain() {
    assembler_ = cuda::open_ptx_assembler();
    compiler_ = cuda::open_cuda_compiler();
    if (!request_.cache.empty()) {
      if (assembler_) assembler_ = cuda::with_cache(*std::move(assembler_), request_.cache);
      if (compiler_) compiler_ = cuda::with_cache(*std::move(compiler_), request_.cache);
    }
  }

  Seed seed_for(const Record& record) const {
    const auto bytes = std::as_bytes(std::span(nonce_.data(), nonce_.size()));
    return derive_seed(bytes, record.gate, record.target, std::to_string(record.attempt));
  }

  Result<const Gate*> gate_named(std::string_view id) const {
    if (const Gate* gate = find_gate(table_, id)) return gate;
    return Error{"attempt request: no gate '" + std::string(id) + "'"};
  }

  Status serve_assemble() {
    send_tools();
    for (const AttemptWork& work : request_.work) {
      const Result<bool> usable = assemble_one(work);
      if (!usable) return usable.error();
      if (!*usable) break;  // what is left wants a fresh process
    }
    return ok();
  }

  /// A driver that does not open here opened for the survey; the toolchain's answers do not depend on it.
  Status serve_foreign() {
    if (request_.work.empty()) return serve_assemble();
    const Result<const Gate*> gate = gate_named(request_.work.front().gate);
    if (!gate) return gate.error();
    Record first = start_record(**gate, request_.work.front().target);
    log_.reached(evidence::Stage::load, first);  // a driver that dies while it is opened has died at `load`
    if (Status opened = open_device(first); !opened) device_.reset();
    return serve_assemble();
  }

  /// One text for one target; answers whether the context may serve another.
  Result<bool> assemble_one(const AttemptWork& work) {
    const Result<const Gate*> gate = gate_named(work.gate);
    if (!gate) return gate.error();
    const Result<Target> target = parse_target(work.target);
    if (!target) return target.error();
    const auto* make = std::get_if<MakeProbe>(&(*gate)->method);
    if (make == nullptr) return Error{"attempt request: gate '" + work.gate + "' has nothing to assemble"};
    Record record = start_record(**gate, work.target);
    const Seed seed = seed_for(record);
    if (!probes_.contains(work.gate)) probes_.emplace(work.gate, (*make)(seed));  // the text does not depend on it
    if (device_ && *target != survey_.device.own_target()) {
      if (Status noted = note_driver(record); !noted) return noted.error();
      load_foreign(**gate, probes_.at(work.gate), seed, *target, tools(device_.get()), record);
    } else {
      assemble_only(**gate, probes_.at(work.gate), seed, *target, tools(nullptr), record);
    }
    log_.finished(record);
    return !is_spoiled(record);
  }

  Status serve_images() {
    std::vector<ImageAttempt> images;
    for (const AttemptWork& work : request_.work) {
      const Result<const Gate*> gate = gate_named(work.gate);
      if (!gate) return gate.error();
      const auto* make = std::get_if<MakeImages>(&(*gate)->method);
      if (make == nullptr) return Error{"attempt request: gate '" + work.gate + "' makes no images"};
      Record record = start_record(**gate, work.target, work.variant);
      if (!ready_for(record)) return ok();
      const Target own = survey_.device.own_target();
      const Seed seed = image_seed(request_.nonce, **gate, own);
      if (images.empty()) images = (*make)(seed, own);
      const auto image = std::ranges::find(images, work.variant, &ImageAttempt::variant);
      if (image == images.end()) return Error{"attempt request: no image '" + work.variant + "'"};
      if (may_launch(*image, request_.allowed)) note_unmet(record);
      const ProbeTools probe_tools = tools(device_.get());
      run_image(*image, seed, own, request_.allowed, {probe_tools, compiler_}, record);
      log_.finished(record);
      if (is_spoiled(record)) return ok();  // what is left wants a fresh process
    }
    return ok();
  }

  Status serve_workload() {
    for (const AttemptWork& work : request_.work) {
      const Result<const Gate*> gate = gate_named(work.gate);
      if (!gate) return gate.error();
      const auto* workload = std::get_if<const Workload*>(&(*gate)->method);
      if (workload == nullptr) return Error{"attempt request: gate '" + work.gate + "' has no workload"};
      Record record = start_record(**gate, work.target, work.variant);
      record.attempt = work.attempt;
      note_unmet(record);
      if (!ready_for(record)) return ok();
      const ProbeTools probe_tools = tools(device_.get());
      (*workload)->run({seed_for(record), survey_.device.own_target(), survey_.device, probe_tools, compiler_}, record);
      log_.finished(record);
      const bool faulted = record.stage(evidence::Stage::complete).status == evidence::StageStatus::failed;
      if (faulted || is_spoiled(record)) return ok();  // what is left wants a fresh process
    }
    return ok();
  }

  void send_tools() {
    if (assembler_) log_.send({{"tool", to_json((*assembler_)->identity())}});
    if (compiler_) log_.send({{"tool", to_json((*compiler_)->identity())}});
  }

  Status serve_on_device() {
    const bool several = request_.kind == AttemptRequest::Kind::question;
    if (request_.work.empty() || (request_.work.size() > 1 && !several))
      return Error{"attempt request: expected one gate"};
    for (const AttemptWork& work : request_.work) {
      const Result<const Gate*> gate = gate_named(work.gate);
      if (!gate) return gate.error();
      const Result<bool> usable = serve_one(**gate, work);
      if (!usable) return usable.error();
      if (!*usable) break;  // what is left wants a fresh process
    }
    return ok();
  }

  /// One attempt; answers whether the context may serve another.
  Result<bool> serve_one(const Gate& gate, const AttemptWork& work) {
    Record record = start_record(gate, work.target);
    record.attempt = work.attempt;
    note_unmet(record);
    if (!ready_for(record)) return false;
    ask(gate, record);
    log_.finished(record);
    return record.stage(evidence::Stage::complete).status != evidence::StageStatus::failed;
  }

  void note_unmet(Record& record) const {
    record.prerequisites = request_.prerequisites;
    if (request_.unmet.empty()) return;
    record.stopped = evidence::Stopped::prerequisite;
    record.stopped_why = request_.unmet;
  }

  /// Whether there is a device; if not, the record is finished. A driver that dies while it is opened died at `load`.
  bool ready_for(Record& record) {
    log_.reached(evidence::Stage::load, record);
    const Status opened = device_ ? note_driver(record) : open_device(record);
    if (opened) return true;
    record.end_at(evidence::Stage::load, stage_result(opened.error(), evidence::StageStatus::refused, log_));
    log_.finished(record);
    return false;
  }

  /// A code that says nothing of the image: a fault that sticks, or trouble of the machine. 999 with a log is about the
  /// image.
  static bool is_spoiled(const Record& record) {
    const evidence::StageResult& load = record.stage(evidence::Stage::load);
    const bool sticks = load.code >= 700 && load.code < 800;
    const bool machine = load.code == 214 || load.code == 220 || load.code == 226;
    return sticks || machine || (load.code == 999 && load.log_sha256.empty());
  }

  Status note_driver(Record& record) const {
    record.driver_library = library_of(survey_.driver.kind);
    return ok();
  }

  Status open_device(Record& record) {
    cuda::DriverChoice choice;
    if (!request_.driver.empty()) {
      const auto parsed = cuda::parse_driver_choice(request_.driver);
      if (!parsed) return parsed.error();
      choice = *parsed;
    }
    Result<cuda::Driver> driver = cuda::Driver::open(choice);
    if (!driver) return driver.error();
    record.driver_library = library_of(driver->identity().kind);
    const Result<int> ordinal = driver->find_device(request_.device);
    if (!ordinal) return ordinal.error();
    Result<cuda::DeviceFacts> facts = driver->facts(*ordinal);
    if (!facts) return facts.error();
    Result<std::unique_ptr<cuda::Device>> device = driver->open_device(*ordinal);
    if (!device) return device.error();
    survey_ = {driver->identity(), *std::move(facts)};
    device_ = *std::move(device);
    if (request_.kind == AttemptRequest::Kind::survey) log_.send({{"survey", to_json(survey_)}});
    return ok();
  }

  void ask(const Gate& gate, Record& record) {
    const Seed seed = seed_for(record);
    if (const auto* question = std::get_if<DeviceQuestion>(&gate.method)) {
      const auto nvml = cuda::open_nvml(survey_.device.pci_bus_id);
      QuestionContext context{survey_.device, survey_.driver, *device_, nvml, assembler_, compiler_, seed, record};
      question->ask(context);
    } else if (const auto* make = std::get_if<MakeProbe>(&gate.method)) {
      if (const Result<Target> target = parse_target(record.target))
        run_probe(gate, (*make)(seed), seed, *target, tools(device_.get()), record);
    }
  }

  ProbeTools tools(cuda::Device* device) {
    return {device, assembler_, find_disassembler(request_.cache), copy_control_, log_};
  }

  const AttemptRequest& request_;
  std::span<const Gate> table_;
  MakeProbe copy_control_;
  WireLog log_;
  std::string nonce_;
  Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ = Error{"not opened"};
  Result<std::unique_ptr<cuda::CudaCompiler>> compiler_ = Error{"not opened"};
  Survey survey_;
  std::unique_ptr<cuda::Device> device_;
  std::map<std::string, Probe> probes_;  ///< By gate id; of the texts only.
};

}  // namespace

Json to_json(const AttemptRequest& request) {
  Json work = Json::array(), prerequisites = Json::array();
  for (const AttemptWork& one : request.work)
    work.push_back({{"gate", one.gate}, {"target", one.target}, {"variant", one.variant}, {"attempt", one.attempt}});
  for (const auto& p : request.prerequisites)
    prerequisites.push_back({{"gate", p.gate}, {"needs", evidence::word(p.needs)}, {"found", evidence::word(p.found)}});
  return {{"kind", kKinds[static_cast<std::size_t>(request.kind)]},
          {"work", work},
          {"nonce", request.nonce},
          {"driver", request.driver},
          {"device", request.device},
          {"scratch", request.scratch},
          {"cache", request.cache},
          {"prerequisites", prerequisites},
          {"unmet", request.unmet},
          {"allowed", kAllowed[static_cast<std::size_t>(request.allowed)]}};
}

Result<AttemptRequest> attempt_request_from_json(const Json& json) {
  AttemptRequest request;
  ObjectReader reader(json, "attempt request");
  request.kind = static_cast<AttemptRequest::Kind>(index_of(reader, "kind", kKinds));
  for (const Json& item : reader.array("work")) {
    ObjectReader one(item, "attempt request: work");
    request.work.push_back({.gate = one.string("gate"),
                            .target = one.string("target"),
                            .variant = one.string("variant"),
                            .attempt = static_cast<int>(one.integer("attempt", 1, 1'000'000))});
    if (Status read = one.finish(); !read) return read.error();
  }
  request.nonce = reader.sha256("nonce");
  request.driver = reader.string("driver");
  request.device = reader.string("device");
  request.scratch = reader.string("scratch");
  request.cache = reader.string("cache");
  for (const Json& item : reader.array("prerequisites")) {
    ObjectReader one(item, "attempt request: prerequisites");
    const std::string gate = one.string("gate");
    const auto needs = evidence::parse_verdict(one.string("needs")),
               verdict = evidence::parse_verdict(one.string("found"));
    if (Status read = one.finish(); !read) return read.error();
    if (!needs || !verdict) return Error{"attempt request: prerequisites: unknown verdict"};
    request.prerequisites.push_back({gate, *needs, *verdict});
  }
  request.unmet = reader.string("unmet");
  request.allowed = static_cast<PatchedLaunch>(index_of(reader, "allowed", kAllowed));
  if (Status read = reader.finish(); !read) return read.error();
  return request;
}

Record start_record(const Gate& gate, std::string_view target, std::string_view variant) {
  Record record;
  record.gate = gate.id;
  record.variant = variant;
  record.gate_version = gate.version;
  record.target = target;
  record.instruction = gate.instruction;
  record.proves = gate.proves;
  record.does_not_prove = gate.does_not_prove;
  record.started_utc = evidence::format_utc(evidence::utc_now());
  record.finished_utc = record.started_utc;
  record.monotonic_ns = monotonic_ns();
  return record;
}

const Gate* find_gate(std::span<const Gate> table, std::string_view id) {
  const auto found = std::ranges::find(table, id, &Gate::id);
  return found == table.end() ? nullptr : &*found;
}

Seed image_seed(std::string_view nonce, const Gate& gate, Target device) {
  const Result<std::string> bytes = unhex(nonce);
  const std::string known = bytes ? *bytes : std::string();
  return derive_seed(std::as_bytes(std::span(known.data(), known.size())), gate.id, to_string(device));
}

std::string image_target(const ImageAttempt& image, Target device) {
  return to_string(image.edit ? device : image.source);
}

Status serve_attempt(const AttemptRequest& request, std::span<const Gate> table, MakeProbe copy_control,
                     const std::function<void(std::string_view)>& print) {
  return Server(request, table, copy_control, print).serve();
}

}  // namespace assay::gate
