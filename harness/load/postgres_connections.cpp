#include "load/postgres_connections.hpp"

#include <deque>
#include <fcntl.h>
#include <new>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "load/libpq.hpp"
#include "os/check.hpp"

namespace withstand::load {
namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::posix::stream_descriptor;

namespace {

struct Finish {
  void operator()(PGconn* connection) const { libpq().finish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { libpq().clear(result); }
};
using OwnedResult = std::unique_ptr<PGresult, Clear>;

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

/// "connection to server at ..., port 5432 failed: Connection refused\n\tIs the server ...": what comes after "failed:
/// ".
std::string words_of(const PGconn* connection) {
  std::string text = first_line(libpq().errorMessage(connection));
  constexpr std::string_view failed = " failed: ";
  const auto at = text.find(failed);
  if (at != std::string::npos) text = text.substr(at + failed.size());
  return text.empty() ? "the connection was lost" : text;
}

std::string field_of(const PGresult* result, int field) {
  const char* text = libpq().resultErrorField(result, field);
  return text == nullptr ? "" : text;
}

/// Takes one result over into the answer. The first error stays: what follows it says nothing new of the statement.
void take(const PGresult* result, PostgresAnswer& answer) {
  using Type = PostgresAnswer::Type;
  const Libpq& pq = libpq();
  if (answer.type == Type::error) return;
  switch (pq.resultStatus(result)) {
    case PGRES_COMMAND_OK:
      answer.type = Type::command;
      break;
    case PGRES_TUPLES_OK:
      answer.type = Type::rows;
      if (pq.ntuples(result) > 0 && pq.nfields(result) > 0) {
        answer.value.emplace(pq.getvalue(result, 0, 0), static_cast<std::size_t>(pq.getlength(result, 0, 0)));
      }
      for (int row = 0; row < pq.ntuples(result); ++row) {
        auto& columns = answer.rows.emplace_back();
        for (int column = 0; column < pq.nfields(result); ++column)
          columns.emplace_back(pq.getvalue(result, row, column),
                               static_cast<std::size_t>(pq.getlength(result, row, column)));
      }
      break;
    case PGRES_FATAL_ERROR:
      answer.severity = field_of(result, PG_DIAG_SEVERITY_NONLOCALIZED);
      if (answer.severity.empty()) {  // libpq's own: the connection is lost
        answer.message = first_line(pq.resultErrorMessage(result));
        break;
      }
      answer.type = Type::error;
      answer.sqlstate = field_of(result, PG_DIAG_SQLSTATE);
      answer.message = field_of(result, PG_DIAG_MESSAGE_PRIMARY);
      break;
    default:
      answer.type = Type::other;
  }
}

/// libpq goes on giving the same result while the server wants data copied, which nobody asked it to.
bool is_copy(const PGresult* result) {
  const auto status = libpq().resultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

}  // namespace

struct PostgresConnections::Impl {
  struct Task {
    std::uint64_t id = 0;
    Statement statement;
    Done done;  ///< none: nobody waits for it any more
    Next next{};
  };
  struct Place {
    std::string address, port;
    std::vector<std::shared_ptr<Connection>> idle;  // the last used at the back
    std::deque<Task> waiting;
    std::int64_t open = 0;
  };

  Impl(asio::io_context& used, PostgresOptions given) : context(used), options(std::move(given)) {}

  void start(std::size_t place, Task task);
  void open(std::size_t place, Task task);
  void advance(const std::shared_ptr<Connection>& connection);
  void watch(const std::shared_ptr<Connection>& connection, Socket::wait_type what);
  void send(const std::shared_ptr<Connection>& connection);
  void flush(const std::shared_ptr<Connection>& connection);
  void listen(const std::shared_ptr<Connection>& connection);
  void on_readable(const std::shared_ptr<Connection>& connection);
  bool continues(const std::shared_ptr<Connection>& connection);
  void settle(const std::shared_ptr<Connection>& connection, bool sent);
  void not_connected(const std::shared_ptr<Connection>& connection, const std::string& why);
  void lost(const std::shared_ptr<Connection>& connection);
  void close(const std::shared_ptr<Connection>& connection);
  void serve_waiting(std::size_t place);

  asio::io_context& context;
  PostgresOptions options;
  std::vector<Place> places;
  std::unordered_set<std::shared_ptr<Connection>> all;
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> busy;  // whose answer somebody waits for
};

struct PostgresConnections::Connection {
  Connection(asio::io_context& context, std::size_t where) : socket(context), timer(context), place(where) {}
  /// libpq closes and opens sockets as it likes, so what is waited on is a duplicate.
  void adopt_socket() {
    error_code ignored;
    socket.close(ignored);
    socket.assign(os::check("duplicate a socket", ::fcntl(libpq().socket(pg.get()), F_DUPFD_CLOEXEC, 0)));
  }

  enum class Stage { connecting, busy, idle, closed };
  std::unique_ptr<PGconn, Finish> pg;
  Socket socket;
  asio::steady_timer timer;  // of connecting
  std::size_t place;
  Stage stage = Stage::connecting;
  Impl::Task task;
  PostgresAnswer answer;
  bool flushing = false;
};

void PostgresConnections::Impl::start(std::size_t place, Task task) {
  auto& there = places[place];
  if (!there.idle.empty()) {
    const auto connection = there.idle.back();
    there.idle.pop_back();
    connection->task = std::move(task);
    busy.emplace(connection->task.id, connection);
    send(connection);
  } else if (there.open < options.connections) {
    open(place, std::move(task));
  } else {
    there.waiting.push_back(std::move(task));
  }
}

void PostgresConnections::Impl::open(std::size_t place, Task task) {
  const Libpq& pq = libpq();
  auto& there = places[place];
  const auto connection = std::make_shared<Connection>(context, place);
  connection->task = std::move(task);
  busy.emplace(connection->task.id, connection);
  all.insert(connection);
  ++there.open;
  std::vector<const char*> names{"hostaddr", "port"}, values{there.address.c_str(), there.port.c_str()};
  for (const auto& [name, value] : options.parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection->pg.reset(pq.connectStartParams(names.data(), values.data(), 0));
  if (!connection->pg) throw std::bad_alloc();
  pq.setNoticeReceiver(
      connection->pg.get(), [](void*, const PGresult*) {}, nullptr);  // its own would write to standard error
  if (pq.status(connection->pg.get()) == CONNECTION_BAD) {  // told later: what waits in line would be next at once
    return asio::post(context, [this, connection] {
      if (connection->stage == Connection::Stage::connecting) not_connected(connection, words_of(connection->pg.get()));
    });
  }
  if (options.connect_timeout) {
    connection->timer.expires_after(*options.connect_timeout);
    connection->timer.async_wait([this, connection](const error_code& error) {
      if (error || connection->stage != Connection::Stage::connecting) return;
      not_connected(connection, "no connection in time");
    });
  }
  watch(connection, Socket::wait_write);
}

void PostgresConnections::Impl::watch(const std::shared_ptr<Connection>& connection, Socket::wait_type what) {
  connection->adopt_socket();
  connection->socket.async_wait(what, [this, connection](const error_code& error) {
    if (!error && connection->stage == Connection::Stage::connecting) advance(connection);
  });
}

void PostgresConnections::Impl::advance(const std::shared_ptr<Connection>& connection) {
  const Libpq& pq = libpq();
  const auto next = pq.connectPoll(connection->pg.get());
  if (next == PGRES_POLLING_READING) return watch(connection, Socket::wait_read);
  if (next == PGRES_POLLING_WRITING) return watch(connection, Socket::wait_write);
  if (next != PGRES_POLLING_OK) return not_connected(connection, words_of(connection->pg.get()));
  connection->timer.cancel();
  connection->adopt_socket();
  pq.setnonblocking(connection->pg.get(), 1);
  listen(connection);
  if (connection->task.done) return send(connection);
  connection->answer.ready = true;  // what it was opened for was given up meanwhile
  settle(connection, true);
}

void PostgresConnections::Impl::send(const std::shared_ptr<Connection>& connection) {
  connection->stage = Connection::Stage::busy;
  const auto& [text, values] = connection->task.statement;
  std::vector<const char*> given;
  for (const auto& value : values) given.push_back(value.c_str());
  const int sent = libpq().sendQueryParams(connection->pg.get(), text.c_str(), static_cast<int>(given.size()), nullptr,
                                           given.data(), nullptr, nullptr, 0);
  if (sent == 0) return lost(connection);  // part of it may have left
  flush(connection);
}

void PostgresConnections::Impl::flush(const std::shared_ptr<Connection>& connection) {
  const int left = libpq().flush(connection->pg.get());
  if (left < 0) return lost(connection);
  if (left == 0 || connection->flushing) return;
  connection->flushing = true;
  connection->socket.async_wait(Socket::wait_write, [this, connection](const error_code& error) {
    connection->flushing = false;
    if (!error && connection->stage == Connection::Stage::busy) flush(connection);
  });
}

void PostgresConnections::Impl::listen(const std::shared_ptr<Connection>& connection) {
  connection->socket.async_wait(Socket::wait_read, [this, connection](const error_code& error) {
    if (error || connection->stage == Connection::Stage::closed) return;
    on_readable(connection);
    if (connection->stage != Connection::Stage::closed) listen(connection);
  });
}

void PostgresConnections::Impl::on_readable(const std::shared_ptr<Connection>& connection) {
  const Libpq& pq = libpq();
  PGconn* const pg = connection->pg.get();
  const bool open = pq.consumeInput(pg) == 1;
  if (connection->stage == Connection::Stage::idle) {
    (void)pq.isBusy(pg);  // reads what was sent unasked: a parameter that changed, a farewell
    if (!open) close(connection);
    return;
  }
  while (pq.isBusy(pg) == 0) {
    const OwnedResult result(pq.getResult(pg));
    if (!result) {
      connection->answer.ready = pq.status(pg) == CONNECTION_OK && pq.transactionStatus(pg) == PQTRANS_IDLE;
      if (continues(connection)) return send(connection);
      return settle(connection, true);
    }
    take(result.get(), connection->answer);
    if (is_copy(result.get())) return lost(connection);
  }
  if (!open) lost(connection);
}

/// Whether another statement follows, which is then the connection's.
bool PostgresConnections::Impl::continues(const std::shared_ptr<Connection>& connection) {
  auto& task = connection->task;
  if (!task.next || libpq().status(connection->pg.get()) != CONNECTION_OK) return false;
  auto statement = task.next(connection->answer);
  if (!statement) return false;
  task.statement = std::move(*statement);
  connection->answer = {};
  return true;
}

void PostgresConnections::Impl::not_connected(const std::shared_ptr<Connection>& connection, const std::string& why) {
  connection->answer.message = why;
  settle(connection, false);
}

void PostgresConnections::Impl::lost(const std::shared_ptr<Connection>& connection) {
  auto& message = connection->answer.message;
  if (message.empty()) message = words_of(connection->pg.get());
  settle(connection, true);
}

/// The statement's end: its connection is kept only if the server is ready for the next one.
void PostgresConnections::Impl::settle(const std::shared_ptr<Connection>& connection, bool sent) {
  const auto task = std::exchange(connection->task, {});
  const auto answer = std::exchange(connection->answer, {});
  busy.erase(task.id);
  if (sent && answer.ready) {
    connection->stage = Connection::Stage::idle;
    places[connection->place].idle.push_back(connection);
  } else {
    close(connection);
  }
  serve_waiting(connection->place);
  if (task.done) task.done({sent, answer});
}

void PostgresConnections::Impl::close(const std::shared_ptr<Connection>& connection) {
  auto& there = places[connection->place];
  if (connection->stage == Connection::Stage::idle) std::erase(there.idle, connection);
  connection->stage = Connection::Stage::closed;
  connection->timer.cancel();
  error_code ignored;
  connection->socket.close(ignored);
  connection->pg.reset();
  --there.open;
  all.erase(connection);
}

void PostgresConnections::Impl::serve_waiting(std::size_t place) {
  auto& there = places[place];
  while (!there.waiting.empty() && (!there.idle.empty() || there.open < options.connections)) {
    auto task = std::move(there.waiting.front());
    there.waiting.pop_front();
    start(place, std::move(task));
  }
}

PostgresConnections::PostgresConnections(asio::io_context& context, const PostgresOptions& options)
    : impl_(std::make_unique<Impl>(context, options)) {}

PostgresConnections::~PostgresConnections() {
  while (!impl_->all.empty()) impl_->close(std::shared_ptr<Connection>(*impl_->all.begin()));
}

std::size_t PostgresConnections::add(const std::string& address, std::int64_t port) {
  impl_->places.push_back({address, std::to_string(port), {}, {}, 0});
  return impl_->places.size() - 1;
}

void PostgresConnections::ask(std::uint64_t id, std::size_t endpoint, Statement statement, Done done, Next next) {
  impl_->start(endpoint, {id, std::move(statement), std::move(done), std::move(next)});
}

Fate PostgresConnections::abandon(std::uint64_t id) {
  for (auto& place : impl_->places) {
    if (std::erase_if(place.waiting, [&](const Impl::Task& task) { return task.id == id; }) > 0) return Fate::not_sent;
  }
  const auto found = impl_->busy.find(id);
  if (found == impl_->busy.end()) return Fate::not_sent;
  const auto connection = found->second;
  impl_->busy.erase(found);
  connection->task.done = nullptr;
  connection->task.next = nullptr;
  const bool connecting = connection->stage == Connection::Stage::connecting;
  if (!impl_->options.wait_on_timeout) {
    impl_->close(connection);
    impl_->serve_waiting(connection->place);
  }
  return connecting ? Fate::not_sent : Fate::unknown;
}

}  // namespace withstand::load
