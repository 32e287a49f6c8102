#include "tools/witan/sign_state_file.hpp"

#include <algorithm>

#include "actors/node/stores.hpp"
#include "storage/atomic_file.hpp"

namespace witan::cli {

Result<SignCheckpoint> read_sign_state(const HomeFiles& files) {
  WITAN_TRY(const Bytes bytes,
            read_whole(posix_file_system(), files.layout.sign_state(), sign_checkpoint_bytes_max));
  return decode_sign_checkpoint(bytes);
}

Result<std::optional<SignMemory>> sign_memory_of(const HomeFiles& files, const PublicKey& key) {
  if (!posix_file_system().exists(files.layout.index())) return std::optional<SignMemory>{};
  WITAN_TRY(const auto index, open_leveldb(files.layout.index()));
  return node::remembered_sign_state(*index, key);
}

Status write_sign_state(const HomeFiles& files, SignCheckpoint& state) {
  WITAN_TRY(const auto memory, sign_memory_of(files, state.owner.key));
  state.generation = std::max(state.generation, memory ? memory->generation : 0) + 1;
  WITAN_TRY_VOID(
      write_file_atomically(posix_file_system(), files.layout.sign_state(), encode(state)));
  if (!memory || memory->instance != state.owner.instance) return {};
  WITAN_TRY(const auto index, open_leveldb(files.layout.index()));
  return node::remember_sign_state(*index, state.owner.key,
                                   {state.owner.instance, state.generation});
}

Result<std::unique_ptr<DataDir>> lock_home(const HomeFiles& files) {
  if (!posix_file_system().exists(files.config()))
    return fail(ErrorCode::not_found, files.config().string(), "this is not a node's home");
  return DataDir::open(files.layout.home, 0);
}

}  // namespace witan::cli
