// A node's home folder as the command line sees it: names of the files, making one, reading one.
//
//   home/config/config.toml         options (docs/reference/config.md)
//   home/config/genesis.json        the chain
//   home/config/node_key.json       key file of the transport identity
//   home/config/consensus_key.json  key file of the validator; absent: the node only follows
//   home/config/accounts/           key files of accounts, kept here for convenience
//   home/data/                      storage/data_dir.hpp; sign_state is made here, never by the
//                                   node
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/genesis.hpp"
#include "config/loader.hpp"
#include "crypto/sign_checkpoint.hpp"
#include "storage/data_dir.hpp"
#include "tools/witan/key_files.hpp"

namespace witan::cli {

struct HomeFiles {
  explicit HomeFiles(FilePath home) : layout(std::move(home)) {}
  HomeLayout layout;
  [[nodiscard]] FilePath config() const { return layout.config() / "config.toml"; }
  [[nodiscard]] FilePath genesis() const { return layout.config() / "genesis.json"; }
  [[nodiscard]] FilePath node_key() const { return layout.config() / "node_key.json"; }
  [[nodiscard]] FilePath consensus_key() const { return layout.config() / "consensus_key.json"; }
  [[nodiscard]] FilePath accounts() const { return layout.config() / "accounts"; }
};

struct NewHome {
  NodeConfig config;
  const Genesis& genesis;
  const SecretKey& node_key;
  const SecretKey& consensus_key;
};

// Creates the folders and every file of a new validator, the sign-state last: a home without it
// refuses to sign. Errors: usage (the folder holds a node already), io, no_space, those of keys.
[[nodiscard]] Status write_home(const HomeFiles& files, const NewHome& home,
                                const Protect& protect);

// The whole process environment.
[[nodiscard]] std::map<std::string, std::string> environment();

using ConfigFlags = std::vector<std::pair<std::string, std::string>>;
// File, environment and flags; `home` of the result is the home's absolute path.
[[nodiscard]] Result<LoadedConfig> load_home_config(const HomeFiles& files,
                                                    const ConfigFlags& flags = {});
[[nodiscard]] Result<Genesis> load_home_genesis(const HomeFiles& files);

// Everything a node starts from.
struct HomeContents {
  NodeConfig config;
  Genesis genesis;
  SecretKey node_key;
  std::optional<SecretKey> consensus_key;
};
// Unprotected keys are accepted on development chains only.
[[nodiscard]] Result<HomeContents> open_home(const HomeFiles& files, const ConfigFlags& flags,
                                             const std::string& passphrase_file);

// ~/.witan, or ./.witan without HOME.
[[nodiscard]] std::string default_home();

}  // namespace witan::cli
