// A value, or the reason there is none.
//
// The harness asks questions whose answer is often "no", so a refusal is data, not an exception: every
// function that can fail returns a Result, and [[nodiscard]] makes a forgotten answer a compile error.
// Tested by tests/base/result_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace assay {

/// Why something could not be done, in the form in which a person reads it and a record keeps it.
struct Error {
  std::string message;    ///< One line: what, where (file, offset, line), which rule, what to do.
  std::string call = {};  ///< The API call that refused, such as "cuModuleLoadDataEx"; empty if none.
  std::int64_t code = 0;  ///< The call's own return code (a CUresult, an errno); 0 if none.
  std::string name = {};  ///< The code's name as the API spells it, such as "CUDA_ERROR_NO_DEVICE".
  std::string log = {};   ///< The whole compiler, JIT or child log.
};

/// Either a T or an Error. Test it before use: `if (!r) return r.error();`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
using Status = Result<std::monostate>;

/// The success value of a Status.
inline Status ok() { return Status(std::monostate{}); }

}  // namespace assay
