#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <sys/utsname.h>

#include "lab/doctor/probe.hpp"
#include "lab/kernel_net/way.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"

namespace withstand::lab::doctor {
namespace {

constexpr std::array<const char*, 6> modules{"ifb", "sch_netem", "sch_tbf", "sch_ingress", "cls_flower", "act_mirred"};

/// What the kernel says of its modules, "modules.dep" or "modules.builtin"; not open where there is no such list.
std::ifstream module_list(const char* name) {
  utsname kernel{};
  os::check("ask for the kernel's name", ::uname(&kernel));
  return std::ifstream(fmt::format("/lib/modules/{}/{}", kernel.release, name));
}

/// Loaded, or to be loaded when it is asked for, or part of the kernel.
bool is_module_there(const std::string& name) {
  if (::access(("/sys/module/" + name).c_str(), F_OK) == 0) return true;
  for (const char* list : {"modules.dep", "modules.builtin"}) {
    std::ifstream lines = module_list(list);
    for (std::string line; std::getline(lines, line);)
      if (line.substr(0, line.find(':')).find("/" + name + ".ko") != std::string::npos) return true;
  }
  return false;
}

/// To try it would load the module ifb, which makes ifb0 and ifb1, and stay: doctor leaves nothing behind.
Finding untried() {
  for (const char* module : modules)
    if (!is_module_there(module))
      return {Feature::State::missing, fmt::format("the kernel has no module {}", module),
              "use a kernel that has it: Debian's own have"};
  return {Feature::State::ok,
          "not tried: the module ifb is there but not loaded, and a run that loads it leaves two idle interfaces, ifb0 "
          "and ifb1 (none after: sudo modprobe ifb numifbs=0)",
          ""};
}

/// Every kind of object that a run would use, on the loopback of a namespace of the probe's own.
bool try_all() {
  enter_private(CLONE_NEWNET);
  os::TrafficControl().bring_up(loopback_index);
  kernel::AttachedInterface loopback(os::NetworkNamespace::own(), "lo", "doctor");
  loopback.open_hook();
  core::Impairment loss, rate;
  loss.kind = core::Impairment::Kind::loss;
  loss.settings.loss.random.ppb = 100'000'000;
  rate.kind = core::Impairment::Kind::rate;
  rate.settings.rate.bits_per_second = 1'000'000;
  kernel::Detour detour(loopback, kernel::plan_link_tree({&loss, &rate}, loopback.mtu(), "doctor"),
                        kernel::filters_of({kernel::AddressPair{{127, 0, 0, 1}, {127, 0, 0, 2}}}, {}),
                        kernel::first_priority, 1);
  detour.divert();
  return detour.seeded();
}

}  // namespace

std::optional<Finding> only_for_root() {
  for (const auto& [capability, name] : {std::pair(CAP_SYS_ADMIN, "CAP_SYS_ADMIN"), {CAP_NET_ADMIN, "CAP_NET_ADMIN"}})
    if (!os::has_capability(capability))
      return Finding{Feature::State::missing,
                     fmt::format("interfaces of others can be reached by root only, and {} is not granted", name),
                     in_container() ? advise_on_namespaces(EPERM) : "run it as root (sudo)"};
  return std::nullopt;
}

Finding probe_kernel_links() {
  if (auto refused = only_for_root()) return *refused;
  if (::access("/sys/module/ifb", F_OK) != 0 && is_module_there("ifb")) return untried();
  try {
    const bool seeded = try_all();
    return {Feature::State::ok,
            seeded ? "packets were diverted through queues of ours and back, in a network namespace of its own"
                   : "packets can be diverted through queues of ours; which of them are hit is not the seed's to say: "
                     "netem takes a seed from Linux 6.6 on",
            ""};
  } catch (const std::exception& error) {
    // A kernel without a list of its modules has what it has built in, and does not say what.
    if (!module_list("modules.builtin").is_open())
      return {Feature::State::missing, error.what(),
              fmt::format("use a kernel that has all of {}: Debian's own have", fmt::join(modules, ", "))};
    const auto lacking = std::find_if_not(modules.begin(), modules.end(), is_module_there);
    return {Feature::State::missing, error.what(),
            lacking != modules.end()
                ? fmt::format("the kernel has no module {}: use one that has it, as Debian's own", *lacking)
                : fmt::format("sudo modprobe -a {}", fmt::join(modules, " "))};
  }
}

}  // namespace withstand::lab::doctor
