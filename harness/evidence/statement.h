// The statement that a signature is over: an in-toto Statement (v1) about one bundle.
//
// Subjects are the manifest, which holds the digest of every file, and then each image, so that tools which look for an
// image's digest find who ran it. The predicate repeats what a reader wants to know before opening the bundle. None of
// it is typed: it is a pure function of the verified bundle and of its claims, so a verifier makes it again and
// compares bytes. What is not claimed is listed too, so that silence is never a pass. Fields in words: docs/signing.md.
// Tested by tests/evidence/statement_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

inline constexpr std::string_view kStatementPayloadType = "application/vnd.in-toto+json";
inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
/// A TypeURI need not resolve to anything; the number is the predicate's version.
inline constexpr std::string_view kPredicateType = "urn:assay:gate-run:1";
inline constexpr std::string_view kPredicateSchema = "gate-run/1";

/// Of a bundle whose signer makes no claims.
Json no_claims();

/// `claims` is what VerifyOptions::claims answers.
Json make_statement(const VerifyReport& report, const Json& claims);

/// The claims that a statement holds, if it holds any in the right place; no_claims() otherwise.
Json claims_in(const Json& statement);

/// Where a stored statement says something else than the records give: a JSON pointer; empty if nowhere.
std::string first_difference(const Json& right, const Json& stored);

}  // namespace assay::evidence
