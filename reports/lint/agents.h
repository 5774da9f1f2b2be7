// Who acts in a clause: the head noun before the verb. Part of clauses.h; tested with it.
#pragma once

#include "reports/lint/clauses.h"

namespace assay::lint {

/// Fills in what occurs in the clause, its verb and its agent.
void read_clause(const TaggedWords&, Clause&);

}  // namespace assay::lint
