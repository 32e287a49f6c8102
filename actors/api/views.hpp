// Plain types as the API's reply structs: used by the node over its stores, and by the light
// client's proxy over what it verified, so that both answer in the same words. Pure; any thread.
#pragma once
#include <optional>

#include "messages/schema/api.capnp.h"
#include "messages/types/block.hpp"
#include "messages/types/validator_set.hpp"

namespace witan {

void fill_header(const Header& header, const BlockId& id, schema::HeaderView::Builder out);
// `time`: of the block that is committed, if it is known.
void fill_commit(const Certificate& commit, const ValidatorSet& set, std::optional<UnixTime> time,
                 schema::CommitView::Builder out);
// The header must be filled in by the caller; receipts and the last commit too, if they are known.
void fill_transactions(const Block& block, bool with_bytes, schema::BlockView::Builder out);
void fill_validators(const ValidatorSet& set, Height height, schema::ValidatorsView::Builder out);

}  // namespace witan
