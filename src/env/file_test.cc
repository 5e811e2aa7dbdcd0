#include "env/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "env/posix/file_system.h"

namespace graft::env {
namespace {

class PosixFileTest : public ::testing::Test {
 protected:
  PosixFileTest() {
    std::string pattern = ::testing::TempDir() + "graft_file_XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  ~PosixFileTest() override { std::filesystem::remove_all(root_); }

  PosixFileSystem fs_;
  std::string root_;
};

TEST_F(PosixFileTest, WritesReadsTruncatesAndMaps) {
  auto file = fs_.open(root_ + "/a", OpenMode::kCreateNew).value();
  ASSERT_TRUE(file->write_at(3, "hello").ok());
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(file->size().value(), 8u);

  char buffer[5];
  ASSERT_TRUE(file->read_at(3, buffer, 5).ok());
  EXPECT_EQ(std::string_view(buffer, 5), "hello");

  const char* mapped = file->map(1 << 20).value();
  EXPECT_EQ(std::string_view(mapped + 3, 5), "hello");
  ASSERT_TRUE(file->write_at(3, "HELLO world").ok());
  EXPECT_EQ(std::string_view(mapped + 3, 11), "HELLO world");

  ASSERT_TRUE(file->truncate(4).ok());
  EXPECT_EQ(file->size().value(), 4u);
  EXPECT_EQ(fs_.read_file(root_ + "/a").value(), std::string("\0\0\0H", 4));
}

TEST_F(PosixFileTest, ErrorsNamePathAndOperation) {
  auto missing = fs_.open(root_ + "/none", OpenMode::kMustExist);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
  EXPECT_EQ(missing.error().message, root_ + "/none: open: No such file or directory");

  auto file = fs_.open(root_ + "/a", OpenMode::kCreate).value();
  EXPECT_FALSE(fs_.open(root_ + "/a", OpenMode::kCreateNew).ok());
  char buffer[4];
  EXPECT_FALSE(file->read_at(0, buffer, 4).ok());  // past the end
  EXPECT_FALSE(fs_.list(root_ + "/none").ok());
  EXPECT_FALSE(fs_.rename(root_ + "/none", root_ + "/b").ok());
}

TEST_F(PosixFileTest, DirectoriesListSortedAndGoWhole) {
  ASSERT_TRUE(fs_.create_directories(root_ + "/d/e").ok());
  for (const char* name : {"c", "a", "b"}) {
    ASSERT_TRUE(fs_.open(root_ + "/d/" + name, OpenMode::kCreate).ok());
  }
  EXPECT_EQ(fs_.list(root_ + "/d").value(), (std::vector<std::string>{"a", "b", "c", "e"}));
  ASSERT_TRUE(fs_.remove(root_ + "/d/b").ok());
  EXPECT_FALSE(fs_.exists(root_ + "/d/b").value());
  ASSERT_TRUE(fs_.sync_directory(root_ + "/d").ok());
  ASSERT_TRUE(fs_.remove_tree(root_ + "/d").ok());
  EXPECT_FALSE(fs_.exists(root_ + "/d").value());
}

TEST_F(PosixFileTest, LockExcludesUntilReleased) {
  auto held = fs_.lock(root_ + "/LOCK");
  ASSERT_TRUE(held.ok());
  auto second = fs_.lock(root_ + "/LOCK");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  held.value().reset();
  EXPECT_TRUE(fs_.lock(root_ + "/LOCK").ok());
}

TEST_F(PosixFileTest, ReplaceFileLeavesTheNewContentOnly) {
  ASSERT_TRUE(replace_file(fs_, root_ + "/f", "a long first content").ok());
  ASSERT_TRUE(replace_file(fs_, root_ + "/f", "second").ok());
  EXPECT_EQ(fs_.read_file(root_ + "/f").value(), "second");
  EXPECT_EQ(fs_.list(root_).value(), std::vector<std::string>{"f"});
}

}  // namespace
}  // namespace graft::env
