// Progress of a run on standard error: one line a gate, as it ends.
#pragma once

#include <string_view>

#include "harness/gate/runner.h"

namespace assay::cli {

class Progress : public gate::Observer {
 public:
  explicit Progress(bool quiet);
  void begins(std::string_view gate, std::string_view what) override;
  void ended(const evidence::Record&, const evidence::Derived&) override;

 private:
  bool quiet_, live_;  ///< live: a terminal that takes escapes, where the line of a gate under way is overwritten
};

}  // namespace assay::cli
