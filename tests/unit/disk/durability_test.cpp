// What a power cut leaves, case by case: files and folders under a shadow, without a mount.
#include <algorithm>
#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <linux/falloc.h>
#include <sys/stat.h>

#include "support/disk/shadowed_folder.hpp"

namespace withstand::lab::disk::testing {
namespace {

using Model = core::PowerLoss::Model;
using ::testing::HasSubstr;

constexpr std::int64_t nothing = 0, everything = 1'000'000'000;
constexpr std::array models{Model::strict_posix, Model::ext4_ordered, Model::prefix, Model::lazyfs};

TEST(Durability, WhatIsSyncedWithItsFolderIsThereUnderEveryModel) {
  for (const Model model : models) {
    ShadowedFolder folder;
    folder.create("f");
    folder.write("f", 0, "synced");
    folder.sync("f");
    folder.sync_folder();
    const auto effect = folder.cut(model, nothing);
    EXPECT_EQ(folder.read("f"), "synced");
    EXPECT_EQ(effect.operations, 0U);
  }
}

TEST(Durability, AFileWithoutItsFolderSyncedIsLostWherePosixAllowsIt) {
  const auto left = [](Model model) {
    ShadowedFolder folder;
    folder.create("f");
    folder.write("f", 0, "synced");
    folder.sync("f");
    static_cast<void>(folder.cut(model, nothing));
    return folder.read("f");
  };
  EXPECT_EQ(left(Model::strict_posix), "there is none");
  EXPECT_EQ(left(Model::ext4_ordered), "synced");  // the journal that the sync writes has the name too
  EXPECT_EQ(left(Model::prefix), "synced");
  EXPECT_EQ(left(Model::lazyfs), "synced");
}

TEST(Durability, AnUnsyncedOverwriteIsUndone) {
  for (const Model model : models) {
    ShadowedFolder folder;
    folder.create("f");
    folder.write("f", 0, "old text");
    folder.sync("f");
    folder.sync_folder();
    folder.write("f", 4, "dust and more");
    folder.truncate("f", 2);
    const auto effect = folder.cut(model, nothing);
    EXPECT_EQ(folder.read("f"), model == Model::lazyfs ? "ol" : "old text");
    EXPECT_EQ(effect.operations, 2U);
    EXPECT_EQ(effect.lost_bytes, 13U);
  }
}

TEST(Durability, KeepingEverythingLeavesWhatProgramsSaw) {
  for (const Model model : models) {
    ShadowedFolder folder;
    folder.make_folder("d");
    folder.create("d/f");
    folder.write("d/f", 9000, "text");
    folder.rename("d/f", "g");
    folder.change_mode("g", 0600);
    const auto effect = folder.cut(model, everything);
    EXPECT_EQ(effect.lost + effect.torn, 0U);
    EXPECT_EQ(folder.read("g"), std::string(9000, '\0') + "text");
    EXPECT_TRUE(folder.exists("d"));
  }
}

TEST(Durability, RemovedFilesAndFoldersComeBackWithAllTheyHad) {
  ShadowedFolder folder;
  folder.make_folder("d");
  folder.create("d/f");
  folder.write("d/f", 0, "text");
  folder.set_extended("d/f", "user.colour", "green");
  folder.change_mode("d/f", 0640);
  folder.sync("d/f");
  folder.sync_folder("d");
  folder.sync_folder();
  folder.unlink("d/f");
  folder.remove_folder("d");
  static_cast<void>(folder.cut(Model::strict_posix, nothing));
  EXPECT_EQ(folder.read("d/f"), "text");
  struct stat status {};
  ASSERT_EQ(::stat(folder.at("d/f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST(Durability, ARenameIsUndoneWithWhatItReplaced) {
  ShadowedFolder folder;
  for (const char* name : {"f", "f.new"}) {
    folder.create(name);
    folder.write(name, 0, name);
    folder.sync(name);
  }
  folder.sync_folder();
  folder.rename("f.new", "f");
  static_cast<void>(folder.cut(Model::strict_posix, nothing));
  EXPECT_EQ(folder.read("f"), "f");
  EXPECT_EQ(folder.read("f.new"), "f.new");
}

TEST(Durability, SyncingTheFolderOfARenameMakesItDurableAsAWhole) {
  ShadowedFolder folder;
  folder.make_folder("a");
  folder.make_folder("b");
  folder.create("a/f");
  folder.rename("a/f", "b/f");
  folder.sync_folder("b");
  static_cast<void>(folder.cut(Model::strict_posix, nothing));
  EXPECT_FALSE(folder.exists("a/f"));
  EXPECT_TRUE(folder.exists("b/f"));  // with the folders that it needs
}

TEST(Durability, Ext4WritesWhatARenamePutsInPlaceOfAnother) {
  int replaced = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ShadowedFolder folder;
    folder.create("f");
    folder.write("f", 0, "old");
    folder.sync("f");
    folder.create("new");
    folder.write("new", 0, "newer");
    folder.rename("new", "f");
    static_cast<void>(folder.cut(Model::ext4_ordered, {}, seed));
    EXPECT_THAT(folder.read("f"), ::testing::AnyOf("old", "newer")) << "seed " << seed;
    replaced += folder.read("f") == "newer" ? 1 : 0;
  }
  EXPECT_GT(replaced, 0);
  EXPECT_LT(replaced, 40);
}

TEST(Durability, LazyFsShowsTheRenameWithoutTheData) {
  ShadowedFolder folder;
  folder.create("f");
  folder.write("f", 0, "old");
  folder.sync("f");
  folder.create("new");
  folder.write("new", 0, "newer");
  folder.rename("new", "f");
  static_cast<void>(folder.cut(Model::lazyfs, nothing));
  EXPECT_EQ(folder.read("f"), "");
}

TEST(Durability, PagesOfAWriteSurviveEachByItself) {
  bool torn = false;
  for (std::uint64_t seed = 1; seed <= 20 && !torn; ++seed) {
    ShadowedFolder folder;
    folder.create("f");
    folder.write("f", 0, std::string(4 * page_size, 'a'));
    folder.sync("f");
    folder.sync_folder();
    folder.write("f", 0, std::string(4 * page_size, 'b'));
    const auto effect = folder.cut(Model::strict_posix, everything / 2, seed);
    const std::string text = folder.read("f");
    ASSERT_EQ(text.size(), 4 * page_size);
    for (std::uint64_t page = 0; page < 4; ++page)
      EXPECT_EQ(text.substr(page * page_size, page_size), std::string(page_size, text[page * page_size]));
    torn = effect.torn > 0;
  }
  EXPECT_TRUE(torn);
}

TEST(Durability, HolesAndAllocationsAreUndone) {
  ShadowedFolder folder;
  folder.create("f");
  folder.write("f", 0, std::string(3 * page_size, 'a'));
  folder.sync("f");
  folder.sync_folder();
  folder.allocate("f", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page_size, page_size);
  folder.allocate("f", 0, 2 * page_size, 4 * page_size);
  EXPECT_EQ(folder.read("f").size(), 6 * page_size);
  static_cast<void>(folder.cut(Model::strict_posix, nothing));
  EXPECT_EQ(folder.read("f"), std::string(3 * page_size, 'a'));
}

TEST(Durability, SynchronousWritesAreDurableAtOnce) {
  ShadowedFolder folder;
  folder.create("f");
  folder.sync_folder();
  folder.write("f", 0, "now", true);
  folder.write("f", 3, "never");
  static_cast<void>(folder.cut(Model::strict_posix, nothing));
  EXPECT_EQ(folder.read("f"), "now");
}

TEST(Durability, AFullListMakesItsOlderHalfDurable) {
  ShadowedFolder folder(100);
  folder.create("f");
  for (std::uint64_t i = 0; i < 150; ++i) folder.write("f", i, "x");
  EXPECT_LE(folder.shadow().size(), 101U);  // one more than fit is what makes room
  const auto effect = folder.cut(Model::strict_posix, nothing);
  EXPECT_GE(effect.written_back, 50U);
  EXPECT_EQ(folder.read("f").size(), effect.written_back - 1);
}

TEST(Durability, TheManifestNamesWhatWasLost) {
  ShadowedFolder folder;
  folder.create("f");
  folder.write("f", 10, "text");
  const std::string manifest = folder.root() + ".jsonl";
  static_cast<void>(folder.cut(Model::strict_posix, nothing, 1, manifest));
  std::ifstream file(manifest);
  std::string header, create, write;
  std::getline(file, header);
  std::getline(file, create);
  std::getline(file, write);
  EXPECT_THAT(header, HasSubstr(R"("model":"strict-posix")"));
  EXPECT_THAT(header, HasSubstr(R"("lost":2)"));
  EXPECT_THAT(create, HasSubstr(R"("operation":"create","path":"f")"));
  EXPECT_THAT(write, HasSubstr(R"("offset":10,"operation":"write","path":"f","size":4)"));
}

/// A file of two synced letters, with two more whose sync failed.
void write_and_fail(ShadowedFolder& folder, const Shadow::SyncFailure& failure) {
  folder.create("f");
  folder.write("f", 0, "ab");
  folder.sync("f");
  folder.sync_folder();
  folder.write("f", 1, "XY");
  folder.sync_fails("f", failure);
}

TEST(Durability, AFailedSyncLeavesPagesThatNoLaterSyncWrites) {
  for (const Model model : models) {
    ShadowedFolder folder;
    write_and_fail(folder, {});
    EXPECT_EQ(folder.read("f"), "aXY");
    folder.sync("f");
    static_cast<void>(folder.cut(model, everything));
    EXPECT_EQ(folder.read("f"), std::string("ab\0", 3));  // the size is metadata, and durable
  }
}

TEST(Durability, WhatIsWrittenAndSyncedAfterAFailedSyncIsThere) {
  ShadowedFolder folder;
  write_and_fail(folder, {});
  folder.write("f", 2, "Z!");
  folder.sync("f");
  static_cast<void>(folder.cut(Model::strict_posix, nothing));
  EXPECT_EQ(folder.read("f"), "abZ!");
}

TEST(Durability, AFailedSyncCanTakeBackWhatProgramsRead) {
  ShadowedFolder evicted, reverted;
  write_and_fail(evicted, {.metadata_durable = true, .content_stays = false});
  EXPECT_EQ(evicted.read("f"), std::string("ab\0", 3));
  write_and_fail(reverted, {.metadata_durable = false, .content_stays = false});
  EXPECT_EQ(reverted.read("f"), "ab");
}

TEST(Durability, TheSameSeedLosesTheSameAndAnotherSomethingElse) {
  const auto digest = [](std::uint64_t seed) {
    ShadowedFolder folder;
    for (int i = 0; i < 20; ++i) folder.create("f" + std::to_string(i));
    return folder.cut(Model::strict_posix, everything / 2, seed).digest;
  };
  EXPECT_EQ(digest(1), digest(1));
  EXPECT_NE(digest(1), digest(2));
}

TEST(Durability, WhatIsKeptToBeUndoneIsGivenBackWhenItIsDurable) {
  ShadowedFolder folder;
  folder.create("f");
  folder.write("f", 0, std::string(1 << 20, 'a'));
  folder.sync("f");
  folder.write("f", 0, std::string(1 << 20, 'b'));
  EXPECT_EQ(folder.shadow().store().kept(), 1U << 20U);
  folder.sync("f");
  EXPECT_EQ(folder.shadow().store().kept(), 0U);
}

}  // namespace
}  // namespace withstand::lab::disk::testing
