// Small files that are replaced as a whole: after a crash the old content or the new one, never a
// mix.
#pragma once
#include "storage/file_system.hpp"

namespace witan {

// Temporary file, fdatasync, rename, directory fsync: about 0.4 ms. When it returns success the new
// content is durable; on error the old content is still in place (or the new one, if only the last
// step failed).
[[nodiscard]] Status write_file_atomically(FileSystem& fs, const FilePath& path, ByteView content);

}  // namespace witan
