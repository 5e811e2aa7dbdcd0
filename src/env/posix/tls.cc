#include "env/posix/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace graft::env {
namespace {

std::string openssl_text() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

Status check_readable(const char* what, const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return {};
  return Error{ErrorCode::kInvalidArgument, std::string(what) + " " + path + " cannot be read: " + std::strerror(errno)};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::create(const TlsFiles& files) {
  GRAFT_TRY(check_readable("certificate", files.certificate));
  GRAFT_TRY(check_readable("private key", files.key));
  std::shared_ptr<TlsContext> result(new TlsContext);
  result->context_ = SSL_CTX_new(TLS_server_method());
  SSL_CTX* context = result->context_;
  GRAFT_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets do without memory on this side
  // Never ask for a passphrase on the terminal: an encrypted key is an error.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Error{ErrorCode::kInvalidArgument,
                 "certificate " + files.certificate + " is not a PEM certificate chain: " + openssl_text()};
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const std::string reason = openssl_text();  // OpenSSL compares the key with the certificate here
    const bool mismatch = reason.find("mismatch") != std::string::npos;
    return Error{ErrorCode::kInvalidArgument, "private key " + files.key +
                                                  (mismatch ? " does not belong to certificate " + files.certificate
                                                            : " is not a PEM private key: " + reason)};
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return Error{ErrorCode::kInvalidArgument,
                 "private key " + files.key + " does not belong to certificate " + files.certificate};
  }
  return result;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsSession::TlsSession(const TlsContext& context, int socket) : ssl_(SSL_new(context.get())) {
  GRAFT_CHECK(ssl_ != nullptr);
  SSL_set_fd(ssl_, socket);
  SSL_set_accept_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

IoResult TlsSession::outcome_of(int r, size_t bytes) {
  if (r > 0) return {IoOutcome::kDone, bytes, {}};
  const int failure = errno;
  switch (SSL_get_error(ssl_, r)) {
    case SSL_ERROR_WANT_READ: return {IoOutcome::kWantRead, 0, {}};
    case SSL_ERROR_WANT_WRITE: return {IoOutcome::kWantWrite, 0, {}};
    case SSL_ERROR_ZERO_RETURN: return {IoOutcome::kClosed, 0, {}};
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_last_error() == 0) {
        if (failure == 0) return {IoOutcome::kClosed, 0, {}};
        return {IoOutcome::kFailed, 0, std::strerror(failure)};
      }
      [[fallthrough]];
    default: return {IoOutcome::kFailed, 0, "TLS: " + openssl_text()};
  }
}

IoResult TlsSession::handshake() {
  ERR_clear_error();
  errno = 0;
  return outcome_of(SSL_do_handshake(ssl_), 0);
}

IoResult TlsSession::read(char* out, size_t n) {
  ERR_clear_error();
  errno = 0;
  size_t got = 0;
  const int r = SSL_read_ex(ssl_, out, n, &got);
  return outcome_of(r, got);
}

IoResult TlsSession::write(const char* bytes, size_t n) {
  ERR_clear_error();
  errno = 0;
  size_t written = 0;
  const int r = SSL_write_ex(ssl_, bytes, n, &written);
  return outcome_of(r, written);
}

void TlsSession::shutdown() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace graft::env
