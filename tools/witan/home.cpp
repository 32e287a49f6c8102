#include "tools/witan/home.hpp"

#include <unistd.h>

#include <cstdlib>

#include "config/writer.hpp"
#include "storage/atomic_file.hpp"

namespace witan::cli {
namespace {

FilePath absolute_path(const FilePath& path) {
  std::error_code error;
  const FilePath out = std::filesystem::absolute(path, error);
  return error ? path : out.lexically_normal();
}

Status refuse_existing(const HomeFiles& files) {
  FileSystem& fs = posix_file_system();
  for (const FilePath& path : {files.config(), files.genesis(), files.node_key(),
                               files.consensus_key(), files.layout.sign_state()}) {
    if (fs.exists(path))
      return fail(ErrorCode::usage, path.string(),
                  "exists already: choose another folder; a node's keys and sign-state are never "
                  "overwritten");
  }
  return {};
}

}  // namespace

Status write_home(const HomeFiles& files, const NewHome& home, const Protect& protect) {
  WITAN_TRY_VOID(refuse_existing(files));
  FileSystem& fs = posix_file_system();
  WITAN_TRY_VOID(fs.create_directories(files.layout.config()));
  WITAN_TRY_VOID(fs.create_directories(files.layout.data()));
  NodeConfig config = home.config;
  config.home = absolute_path(files.layout.home).string();
  WITAN_TRY_VOID(write_file_atomically(fs, files.config(), as_bytes(write_config(config))));
  WITAN_TRY_VOID(write_file_atomically(fs, files.genesis(), as_bytes(write_genesis(home.genesis))));
  WITAN_TRY_VOID(write_key(files.node_key(), home.node_key, KeyRole::node, protect));
  WITAN_TRY_VOID(write_key(files.consensus_key(), home.consensus_key, KeyRole::consensus, protect));
  const Bytes sign_state =
      encode(new_sign_checkpoint(genesis_hash(home.genesis), home.consensus_key.public_key()));
  return write_file_atomically(fs, files.layout.sign_state(), sign_state);
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t at = text.find('=');
    if (at != std::string::npos) out[text.substr(0, at)] = text.substr(at + 1);
  }
  return out;
}

Result<LoadedConfig> load_home_config(const HomeFiles& files, const ConfigFlags& flags) {
  LoadRequest request;
  request.file = files.config().string();
  request.environment = environment();
  request.flags = flags;
  request.flags.emplace_back("home", absolute_path(files.layout.home).string());
  return load_with_origins(request);
}

Result<Genesis> load_home_genesis(const HomeFiles& files) {
  return load_genesis(files.genesis().string());
}

Result<HomeContents> open_home(const HomeFiles& files, const ConfigFlags& flags,
                               const std::string& passphrase_file) {
  WITAN_TRY(LoadedConfig loaded, load_home_config(files, flags));
  WITAN_TRY(Genesis genesis, load_home_genesis(files));
  const PlainFiles plain =
      genesis.type == ChainType::development ? PlainFiles::allow : PlainFiles::refuse;
  WITAN_TRY(SecretKey node_key, open_key(files.node_key(), KeyRole::node, passphrase_file, plain));
  std::optional<SecretKey> consensus_key;
  if (posix_file_system().exists(files.consensus_key())) {
    WITAN_TRY(SecretKey key,
              open_key(files.consensus_key(), KeyRole::consensus, passphrase_file, plain));
    consensus_key = std::move(key);
  }
  return HomeContents{std::move(loaded.config), std::move(genesis), std::move(node_key),
                      std::move(consensus_key)};
}

std::string default_home() {
  const char* user = std::getenv("HOME");
  return (FilePath(user == nullptr ? "." : user) / ".witan").string();
}

}  // namespace witan::cli
