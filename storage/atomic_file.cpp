#include "storage/atomic_file.hpp"

namespace witan {

Status write_file_atomically(FileSystem& fs, const FilePath& path, ByteView content) {
  FilePath temporary = path;
  temporary += ".tmp";
  {
    WITAN_TRY(const auto file, fs.open(temporary, OpenMode::create));
    WITAN_TRY_VOID(file->write_at(0, content));
    WITAN_TRY_VOID(file->sync());
  }
  WITAN_TRY_VOID(fs.rename(temporary, path));
  return fs.sync_directory(path.parent_path());
}

}  // namespace witan
