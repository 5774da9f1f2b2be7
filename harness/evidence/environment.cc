#include "harness/evidence/environment.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::evidence {
namespace {

/// `reader`'s value if every field was there and right.
template <class T>
Result<T> finished(ObjectReader& reader, T value) {
  if (const Status status = reader.finish(); !status) return status.error();
  return value;
}

template <class T>
Result<std::vector<T>> read_list(const Json& array, const std::string& where,
                                 Result<T> (*read)(const Json&, const std::string&)) {
  std::vector<T> list;
  for (const Json& element : array) {
    auto one = read(element, fmt::format("{}[{}]", where, list.size()));
    if (!one) return one.error();
    list.push_back(*std::move(one));
  }
  return list;
}

Result<Environment::Tool> read_tool(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  return finished(reader, Environment::Tool{.name = reader.string("name"),
                                            .version = reader.string("version"),
                                            .git_commit = reader.string("git_commit"),
                                            .git_dirty = reader.boolean("git_dirty"),
                                            .compiler = reader.string("compiler"),
                                            .build_type = reader.string("build_type")});
}

Result<Environment::System> read_system(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  return finished(reader, Environment::System{.kernel = reader.string("kernel"),
                                              .arch = reader.string("arch"),
                                              .distribution = reader.string("distribution")});
}

Result<Environment::Part> read_part(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  return finished(reader, Environment::Part{.name = reader.string("name"),
                                            .version = reader.string("version"),
                                            .path_class = reader.string("path_class"),
                                            .sha256 = reader.sha256("sha256")});
}

Result<Environment::Override> read_override(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  return finished(reader, Environment::Override{.name = reader.string("name"), .value = reader.string("value")});
}

Result<Environment::DriverFailure> read_driver_failure(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  return finished(reader, Environment::DriverFailure{.message = reader.string("message"),
                                                     .call = reader.string("call"),
                                                     .name = reader.string("name"),
                                                     .code = reader.integer("code")});
}

Result<Environment::Driver> read_driver(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Environment::Driver driver{.driver_version = reader.string("driver_version"),
                             .kernel_module_version = reader.string("kernel_module_version"),
                             .api_version = reader.integer("api_version", 0),
                             .path_class = reader.string("path_class"),
                             .sha256 = reader.sha256("sha256"),
                             .kernel_agrees = reader.boolean("kernel_agrees"),
                             .opened_device_nodes = reader.boolean("opened_device_nodes"),
                             .says_emulated = reader.boolean("says_emulated")};
  if (const auto kind = parse_driver_library(reader.string("kind"))) {
    driver.kind = *kind;
  } else {
    reader.fault("kind", kind.error().message);
  }
  return finished(reader, std::move(driver));
}

Result<Environment::Device> read_device(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  return finished(reader, Environment::Device{.name = reader.string("name"),
                                              .compute_capability = reader.string("compute_capability"),
                                              .multiprocessor_count = reader.integer("multiprocessor_count", 0),
                                              .total_bytes = reader.integer("total_bytes", 0),
                                              .uuid_token = reader.string("uuid_token"),
                                              .pci_token = reader.string("pci_token")});
}

/// Null: nothing was opened. An object of nothing but `error`: why it was not, where something should have been there.
Status read_driver_or_error(const Json& json, const std::string& where, Environment& into) {
  if (json.is_null()) return ok();
  if (json.is_object() && json.contains("error")) {
    ObjectReader reader(json, where);
    auto failure = read_driver_failure(reader.object("error"), where + ".error");
    if (const Status status = reader.finish(); !status) return status;
    if (!failure) return failure.error();
    into.driver_failure = *std::move(failure);
    return ok();
  }
  auto driver = read_driver(json, where);
  if (!driver) return driver.error();
  into.driver = *std::move(driver);
  return ok();
}

Status read_device_if_any(const Json& json, const std::string& where, Environment& into) {
  if (json.is_null()) return ok();
  auto device = read_device(json, where);
  if (!device) return device.error();
  into.device = *std::move(device);
  return ok();
}

}  // namespace

const Environment::Part* Environment::part(std::string_view name) const {
  const auto found = std::ranges::find(toolchain, name, &Part::name);
  return found == toolchain.end() ? nullptr : &*found;
}

Result<Environment> environment_from_json(const Json& json, std::string_view where) {
  const std::string at(where);
  ObjectReader reader(json, at);
  if (const std::string schema = reader.string("schema"); schema != Environment::kSchema) {
    reader.fault("schema",
                 fmt::format("'{}' is not '{}', the schema that this build reads", schema, Environment::kSchema));
  }
  Environment environment{.is_private = reader.boolean("private")};
  const Json& tool = reader.object("tool");
  const Json& system = reader.object("os");
  const Json& toolchain = reader.array("toolchain");
  const Json& overrides = reader.array("environment_overrides");
  const Json& driver = reader.any("driver");
  const Json& device = reader.any("device");
  if (const Status status = reader.finish(); !status) return status.error();

  const auto within = [&at](std::string_view field) { return fmt::format("{}: {}", at, field); };
  auto build = read_tool(tool, within("tool"));
  if (!build) return build.error();
  environment.tool = *std::move(build);
  auto os = read_system(system, within("os"));
  if (!os) return os.error();
  environment.system = *std::move(os);
  auto parts = read_list<Environment::Part>(toolchain, within("toolchain"), read_part);
  if (!parts) return parts.error();
  environment.toolchain = *std::move(parts);
  auto set = read_list<Environment::Override>(overrides, within("environment_overrides"), read_override);
  if (!set) return set.error();
  environment.overrides = *std::move(set);
  if (const Status status = read_driver_or_error(driver, within("driver"), environment); !status) return status.error();
  if (const Status status = read_device_if_any(device, within("device"), environment); !status) return status.error();
  return environment;
}

}  // namespace assay::evidence
