// A library opened at run time, and the file that it came from.
//
// Never closed: a driver or compiler leaves threads and exit handlers behind that outlive any handle of ours.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"

namespace assay::cuda {

class SharedLibrary {
 public:
  /// `name` as for dlopen: a plain name is searched by the loader, one with a '/' is a path. Error, call "dlopen": the
  /// loader's own words.
  static Result<SharedLibrary> open(const std::string& name);

  /// nullptr if the library does not export it.
  void* symbol(const char* name) const;

  /// Points `function` at the symbol; false if the library does not export it.
  template <class Function>
  bool bind(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

  /// The file behind the handle, links resolved; empty if the loader does not tell.
  std::filesystem::path file() const;

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace assay::cuda
