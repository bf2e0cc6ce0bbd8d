// `withstand check`: histories that were recorded elsewhere.

#include <fcntl.h>
#include <unistd.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* two_writes = R"({"t":0,"type":"invoke","i":0,"process":0,"op":"write","key":"k","value":"a"}
{"t":10,"type":"ok","i":0}
{"t":20,"type":"invoke","i":1,"process":0,"op":"write","key":"k","value":"b"}
{"t":30,"type":"ok","i":1}
{"t":40,"type":"invoke","i":2,"process":1,"op":"read","key":"k"}
{"t":50,"type":"ok","i":2,"value":"b"}
)";

TEST(Check, JudgesAFileAndStandardInputAlike) {
  const Folder folder;
  const auto file = folder.write("history.jsonl", two_writes);
  const auto judged = withstand({"check", file, "--model", "register"});
  EXPECT_EQ(judged.status, 0) << judged.err;
  EXPECT_THAT(judged.out, HasSubstr("linearizable: held"));
  const auto piped =
      withstand({"check", "-", "--model", "register"}, [&] { ::dup2(::open(file.c_str(), O_RDONLY), STDIN_FILENO); });
  EXPECT_EQ(piped.status, 0) << piped.err;
  EXPECT_EQ(piped.out, judged.out);
}

TEST(Check, TakesARunsDirectoryAndSaysWhyAFileCannotBeRead) {
  const Folder folder;
  EXPECT_THAT(withstand({"check", folder.path(), "--model", "register"}).err,
              HasSubstr("is a folder without a history.jsonl"));
  folder.write("history.jsonl", two_writes);
  const auto judged = withstand({"check", folder.path(), "--model", "register"});
  EXPECT_EQ(judged.status, 0) << judged.err;
  EXPECT_THAT(judged.out, HasSubstr("linearizable: held"));
  const auto missing = withstand({"check", folder.path("none"), "--model", "register"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("none' cannot be read: No such file or directory\n"));
}

TEST(Check, JudgesTheClientsOfARunTogether) {
  const Folder folder;
  folder.write("history-client-1.jsonl", two_writes);
  folder.write("history-client-2.jsonl", R"({"t":60,"type":"invoke","i":0,"process":9,"op":"read","key":"k"}
{"t":70,"type":"ok","i":0,"value":"b"}
)");
  const auto good = withstand({"check", folder.path(), "--model", "register"});
  EXPECT_EQ(good.status, 0) << good.err << good.out;
  folder.write("history-client-2.jsonl", R"({"t":60,"type":"invoke","i":0,"process":9,"op":"read","key":"k"}
{"t":70,"type":"ok","i":0,"value":"a"}
)");
  const auto stale = withstand({"check", folder.path(), "--model", "register"});
  EXPECT_EQ(stale.status, 1) << "client 2 reads what client 1 has overwritten: " << stale.err << stale.out;
  folder.write("history-client-2.jsonl", "{\"t\":60\n");
  const auto torn = withstand({"check", folder.path(), "--model", "register"});
  EXPECT_EQ(torn.status, 4);
  EXPECT_THAT(torn.err, HasSubstr("history-client-2.jsonl: line 1 is not a line of a history"));
}

TEST(Check, AHistoryOfAnotherModelIsAnErrorAndNoVerdict) {
  const Folder folder;
  const auto outcome = withstand({"check", folder.write("history.jsonl", two_writes), "--model", "write-once"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("is no history of model write-once: key k is written more than once"));
}

TEST(Check, OfThousandsOfBadLinesTheFirstAreNamed) {
  const Folder folder;
  std::string text = two_writes;
  for (int i = 0; i < 3'000; ++i) text += "not of a history\n";
  const auto file = folder.write("history.jsonl", text);
  const auto outcome = withstand({"check", file, "--model", "register"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.out, HasSubstr("3000 lines are wrong, the first: line 7 is not a line of a history"));
  EXPECT_THAT(outcome.err, HasSubstr(file + ": line 7 is not a line of a history\n"));
  EXPECT_THAT(outcome.err, HasSubstr("and 2995 more lines with problems\n"));
  EXPECT_LT(outcome.err.size(), 1'000U);
}

TEST(Check, TakesHistoriesOfOthers) {
  const Folder folder;
  const auto file = folder.write("history.edn", R"([{:process 0 :type :invoke :f :write :value 1}
 {:process 0 :type :ok :f :write :value 1}
 {:process 1 :type :invoke :f :cas :value [1 2]}
 {:process 1 :type :ok :f :cas :value [1 2]}
 {:process 2 :type :invoke :f :read :value nil}
 {:process 2 :type :ok :f :read :value 1}])");
  const auto failed = withstand({"check", file, "--model", "cas-register", "--explain", "html"});
  EXPECT_EQ(failed.status, 1) << failed.err;
  EXPECT_THAT(failed.out, HasSubstr("cas-register: failed"));
  EXPECT_THAT(failed.out, HasSubstr("3. line 5: process 2: read 1"));
  EXPECT_THAT(failed.err, HasSubstr("picture: " + file + ".html"));
  const auto json = withstand({"check", file, "--model", "cas-register", "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"outcome\": \"failed\""));
  EXPECT_EQ(withstand({"check", file, "--model", "queue"}).status, 2);
  EXPECT_THAT(withstand({"check", file, "--model", "list-append", "--isolation", "perfect"}).err,
              HasSubstr("there is no isolation level 'perfect'; there are:"));
  EXPECT_THAT(withstand({"check", file, "--model", "queue", "--format", "poem"}).err,
              HasSubstr("there is no format 'poem'"));
}

TEST(Check, JudgesTransactionsByTheLevelAsked) {
  const Folder folder;
  const auto file =
      folder.write("skew.json", R"({"process":0,"type":"invoke","f":"txn","value":[["append","x",1],["r","y",null]]}
{"process":1,"type":"invoke","f":"txn","value":[["append","y",1],["r","x",null]]}
{"process":0,"type":"ok","f":"txn","value":[["append","x",1],["r","y",[]]]}
{"process":1,"type":"ok","f":"txn","value":[["append","y",1],["r","x",[]]]}
)");
  const auto serial = withstand({"check", file, "--model", "list-append", "--isolation", "serializable"});
  EXPECT_EQ(serial.status, 1) << serial.err;
  EXPECT_THAT(serial.out, HasSubstr("not serializable: G2-item, write-skew; not even repeatable-read"));
  const auto snapshot = withstand({"check", file, "--model", "list-append", "--isolation", "snapshot-isolation"});
  EXPECT_EQ(snapshot.status, 0) << snapshot.out;
}

}  // namespace
}  // namespace withstand::cli_test
