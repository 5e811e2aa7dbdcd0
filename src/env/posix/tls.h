#pragma once

// Internal to env/posix: OpenSSL behind two small classes.

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "env/transport.h"

struct ssl_ctx_st;
struct ssl_st;

namespace graft::env {

// What a non-blocking read or write came to.
enum class IoOutcome { kDone, kWantRead, kWantWrite, kClosed, kFailed };
struct IoResult {
  IoOutcome outcome = IoOutcome::kDone;
  size_t bytes = 0;
  std::string failure;  // kFailed
};

// A server's certificate and key; TLS 1.2 and 1.3.
class TlsContext {
 public:
  // kInvalidArgument: which file, what is wrong with it.
  static Result<std::shared_ptr<TlsContext>> create(const TlsFiles& files);
  ~TlsContext();
  ssl_ctx_st* get() const { return context_; }

 private:
  TlsContext() = default;
  ssl_ctx_st* context_ = nullptr;
};

// The server's end of one TLS session over a non-blocking socket, which stays the caller's.
class TlsSession {
 public:
  TlsSession(const TlsContext& context, int socket);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  IoResult handshake();
  IoResult read(char* out, size_t n);
  IoResult write(const char* bytes, size_t n);
  void shutdown();

 private:
  IoResult outcome_of(int r, size_t bytes);
  ssl_st* ssl_ = nullptr;
};

}  // namespace graft::env
