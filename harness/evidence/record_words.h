// The closed vocabularies of records, for the readers of this layer. Tested by tests/evidence/record_test.cc.
#pragma once

#include <string_view>

#include "harness/base/json.h"
#include "harness/base/result.h"
#include "harness/evidence/record.h"

namespace assay::evidence {

/// The value of a word of E's vocabulary; the inverse of word(). Error: not a word of it.
template <class E>
Result<E> parse_word(std::string_view text);

/// A field that holds a word of E's vocabulary; another is a fault of the field.
template <class E>
E read_word(ObjectReader& reader, std::string_view key) {
  const Result<E> value = parse_word<E>(reader.string(key));
  if (value) return *value;
  reader.fault(key, value.error().message);
  return E{};
}

}  // namespace assay::evidence
