#include <gmock/gmock.h>

#include "lab/render.hpp"
#include "support/lab_fixture.hpp"

/// Names as programs in a node learn them, through the resolver of the C library.
namespace withstand::lab::testing {
namespace {

using ::testing::HasSubstr;

class NodeNames : public LabTest {
 protected:
  void launch(bool by_resolver) {
    by_resolver_ = by_resolver;
    ASSERT_FALSE(make(experiment_of("exec sleep 1000")).launch());
  }
};

TEST_F(NodeNames, AreInTheHostsFileAndInTheResolver) {
  launch(false);
  EXPECT_THAT(run(0, "cat /etc/hosts").output, HasSubstr("198.18.0.3 n3\n"));
  EXPECT_THAT(run(0, "getent -s dns ahostsv4 n2").output, HasSubstr("198.18.0.2"));
  EXPECT_THAT(run(0, "getent -s dns hosts 198.18.0.2").output, HasSubstr("n2"));
}

TEST_F(NodeNames, AreInTheResolverAloneWhereAFaultMayStrikeThem) {
  launch(true);
  EXPECT_EQ(run(0, "cat /etc/hosts | grep -v localhost").output, "");
  EXPECT_EQ(run(0, "cat /etc/resolv.conf").output, "nameserver 127.0.0.1\n");
  EXPECT_EQ(run(0, "grep ^hosts: /etc/nsswitch.conf").output, "hosts: files dns\n");
  for (const core::NodeId node : {core::NodeId{0}, core::NodeId{1}, lab_->topology().clients().front()}) {
    EXPECT_THAT(run(node, "getent ahostsv4 N2").output, HasSubstr("198.18.0.2"));
    EXPECT_THAT(run(node, "getent ahostsv6 n2").output, HasSubstr("fd57:7374::2"));
    EXPECT_THAT(run(node, "getent hosts localhost").output, HasSubstr("localhost"));
    EXPECT_EQ(run(node, "getent hosts nobody; echo $?").output, "2\n");
  }
}

TEST_F(NodeNames, ATargetCannotTakeTheResolversPlace) {
  launch(true);
  EXPECT_THAT(
      run(0, "python3 -c \"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(('0.0.0.0', 53))\"")
          .error,
      HasSubstr("PermissionError"));
}

TEST(NameSwitchFile, ChangesTheLineOfHostsOnly) {
  EXPECT_EQ(
      name_switch_file("# of the host\npasswd: files systemd\nhosts: files mdns4_minimal [NOTFOUND=return] dns\n"),
      "hosts: files dns\n# of the host\npasswd: files systemd\n");
  EXPECT_EQ(name_switch_file(""), "hosts: files dns\n");
}

}  // namespace
}  // namespace withstand::lab::testing
