#include "harness/evidence/scalar.h"

#include "harness/base/json.h"

namespace assay::evidence {

void to_json(Json& json, const Scalar& scalar) {
  if (scalar.is_null()) {
    json = nullptr;
  } else if (scalar.is_integer()) {
    json = scalar.integer();
  } else if (scalar.is_string()) {
    json = scalar.string();
  } else {
    json = std::get<bool>(scalar.value_);
  }
}

bool read_scalar(const Json& json, Scalar& scalar) {
  const bool beyond = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
  if (json.is_null()) {
    scalar = nullptr;
  } else if (json.is_number_integer() && !beyond) {
    scalar = json.get<std::int64_t>();
  } else if (json.is_boolean()) {
    scalar = json.get<bool>();
  } else if (json.is_string()) {
    scalar = json.get_ref<const std::string&>();
  } else {
    return false;
  }
  return true;
}

std::string to_string(const Scalar& scalar) { return spelled(Json(scalar)); }

}  // namespace assay::evidence
