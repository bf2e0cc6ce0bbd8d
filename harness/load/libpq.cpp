#include "load/libpq.hpp"

#include <dlfcn.h>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::load {
namespace {

constexpr const char* file = "libpq.so.5";

/// Never unloaded: it registers what is called at exit.
class Library {
 public:
  Library() : handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      throw std::runtime_error(
          fmt::format("driver 'postgres' needs PostgreSQL's client library: {}; install libpq5", ::dlerror()));
    }
  }

  template <class Function>
  void take(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(::dlsym(handle_, name));
    if (function == nullptr)
      throw std::runtime_error(fmt::format("{} has no {}; install libpq5 of Debian", file, name));
  }

 private:
  void* handle_;
};

Libpq load() {
  const Library library;
  Libpq out{};
  library.take(out.connectStartParams, "PQconnectStartParams");
  library.take(out.connectPoll, "PQconnectPoll");
  library.take(out.status, "PQstatus");
  library.take(out.socket, "PQsocket");
  library.take(out.errorMessage, "PQerrorMessage");
  library.take(out.transactionStatus, "PQtransactionStatus");
  library.take(out.setnonblocking, "PQsetnonblocking");
  library.take(out.setNoticeReceiver, "PQsetNoticeReceiver");
  library.take(out.sendQueryParams, "PQsendQueryParams");
  library.take(out.flush, "PQflush");
  library.take(out.consumeInput, "PQconsumeInput");
  library.take(out.isBusy, "PQisBusy");
  library.take(out.getResult, "PQgetResult");
  library.take(out.resultStatus, "PQresultStatus");
  library.take(out.resultErrorField, "PQresultErrorField");
  library.take(out.resultErrorMessage, "PQresultErrorMessage");
  library.take(out.ntuples, "PQntuples");
  library.take(out.nfields, "PQnfields");
  library.take(out.getvalue, "PQgetvalue");
  library.take(out.getlength, "PQgetlength");
  library.take(out.clear, "PQclear");
  library.take(out.finish, "PQfinish");
  library.take(out.conninfoParse, "PQconninfoParse");
  library.take(out.conninfoFree, "PQconninfoFree");
  library.take(out.freemem, "PQfreemem");
  return out;
}

}  // namespace

const Libpq& libpq() {
  static const Libpq functions = load();
  return functions;
}

}  // namespace withstand::load
