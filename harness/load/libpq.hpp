#pragma once

#include <libpq-fe.h>

namespace withstand::load {

/// libpq's functions, taken out of the library at first use. It brings two dozen others along; linked in, they would
/// double what every process of ours takes to start, for a driver that few runs use.
struct Libpq {
  decltype(&::PQconnectStartParams) connectStartParams;
  decltype(&::PQconnectPoll) connectPoll;
  decltype(&::PQstatus) status;
  decltype(&::PQsocket) socket;
  decltype(&::PQerrorMessage) errorMessage;
  decltype(&::PQtransactionStatus) transactionStatus;
  decltype(&::PQsetnonblocking) setnonblocking;
  decltype(&::PQsetNoticeReceiver) setNoticeReceiver;
  decltype(&::PQsendQueryParams) sendQueryParams;
  decltype(&::PQflush) flush;
  decltype(&::PQconsumeInput) consumeInput;
  decltype(&::PQisBusy) isBusy;
  decltype(&::PQgetResult) getResult;
  decltype(&::PQresultStatus) resultStatus;
  decltype(&::PQresultErrorField) resultErrorField;
  decltype(&::PQresultErrorMessage) resultErrorMessage;
  decltype(&::PQntuples) ntuples;
  decltype(&::PQnfields) nfields;
  decltype(&::PQgetvalue) getvalue;
  decltype(&::PQgetlength) getlength;
  decltype(&::PQclear) clear;
  decltype(&::PQfinish) finish;
  decltype(&::PQconninfoParse) conninfoParse;
  decltype(&::PQconninfoFree) conninfoFree;
  decltype(&::PQfreemem) freemem;
};

/// Throws std::runtime_error, which says what to install, when the library is not there.
const Libpq& libpq();

}  // namespace withstand::load
