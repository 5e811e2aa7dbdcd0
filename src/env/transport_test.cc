#include "env/transport.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "env/posix/asio_transport.h"

namespace graft::env {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

// Gathers what a connection brings; wait_for waits until a condition on it holds.
class Collector : public ConnectionHandler {
 public:
  void on_data(std::string_view bytes) override {
    change([&] { data_ += bytes; });
  }
  void on_sent() override {
    change([&] { sent_++; });
  }
  void on_closed(const Error& reason) override {
    change([&] { closed_++; reason_ = reason; });
  }
  template <class F>
  void change(F f) {
    std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }
  template <class F>
  bool wait_for(F condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }
  bool wait_data(const std::string& all) {
    return wait_for([&] { return data_ == all; });
  }
  bool wait_closed() {
    return wait_for([&] { return closed_ == 1; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string data_;
  int sent_ = 0, closed_ = 0;
  Error reason_;
  std::shared_ptr<Connection> connection_;
};

class Echo : public Collector {
 public:
  explicit Echo(std::shared_ptr<Connection> connection) { connection_ = std::move(connection); }
  void on_data(std::string_view bytes) override {
    connection_->send(std::string(bytes));
    Collector::on_data(bytes);
  }
};

std::shared_ptr<Collector> connect_to(Transport& transport, const Address& address) {
  auto collector = std::make_shared<Collector>();
  transport.connect(address, kPatience, collector, [collector](std::shared_ptr<Connection> connection) {
    collector->change([&] { collector->connection_ = std::move(connection); });
  });
  EXPECT_TRUE(collector->wait_for([&] { return collector->connection_ != nullptr; }));
  return collector;
}

// Listens and keeps every accepted connection.
struct Server {
  Server(AsioTransport& transport, const std::string& host, const TlsFiles* tls = nullptr) {
    auto result = transport.listen({host, 0}, tls, [this](std::shared_ptr<Connection> connection) {
      auto echo = std::make_shared<Echo>(std::move(connection));
      std::lock_guard lock(mutex);
      accepted.push_back(echo);
      changed.notify_all();
      return echo;
    });
    if (!result.ok()) ADD_FAILURE() << result.error().message;
    listener = std::move(result).value();
  }
  ~Server() {
    for (auto& echo : accepted) echo->connection_.reset();
  }
  std::shared_ptr<Echo> first() {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, kPatience, [&] { return !accepted.empty(); }));
    return accepted.front();
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Echo>> accepted;
  std::unique_ptr<Listener> listener;
};

TEST(AsioTransport, EchoesOverNamesIPv4AndIPv6) {
  for (const char* host : {"127.0.0.1", "localhost", "::1"}) {
    AsioTransport transport("io", 2);
    Server server(transport, host);
    auto client = connect_to(transport, {host, server.listener->address().port});
    std::string sent;
    for (int i = 0; i < 1000; i++) {
      client->connection_->send("message " + std::to_string(i) + ";");
      sent += "message " + std::to_string(i) + ";";
    }
    EXPECT_TRUE(client->wait_data(sent)) << host;
    EXPECT_TRUE(client->wait_for([&] { return client->sent_ > 0; }));
    EXPECT_EQ(client->connection_->unsent_bytes(), 0u);
    client->connection_->close();
    EXPECT_TRUE(client->wait_closed());
    EXPECT_TRUE(server.first()->wait_closed());
    client->connection_.reset();
    transport.stop();
  }
}

TEST(AsioTransport, ListensAgainOnAPortWhoseListenerEnded) {
  AsioTransport transport("io");
  uint16_t port = 0;
  for (int round = 0; round < 2000; round++) {
    auto listener = transport.listen({"127.0.0.1", port}, nullptr, [](auto) { return nullptr; });
    ASSERT_TRUE(listener.ok()) << "round " << round << ": " << listener.error().message;
    port = listener.value()->address().port;
  }
  transport.stop();
}

TEST(AsioTransport, SaysWhyItCannotConnectOrListen) {
  AsioTransport transport("io");
  uint16_t port;
  {
    Server server(transport, "127.0.0.1");
    port = server.listener->address().port;
    auto second = transport.listen({"127.0.0.1", port}, nullptr, [](auto) { return nullptr; });
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().message, "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  }
  auto unknown = transport.listen({"no-such-host.invalid", 0}, nullptr, [](auto) { return nullptr; });
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);

  auto collector = std::make_shared<Collector>();
  transport.connect({"127.0.0.1", 1}, kPatience, collector, [](auto) { ADD_FAILURE() << "connected to nobody"; });
  ASSERT_TRUE(collector->wait_closed());
  EXPECT_EQ(collector->reason_.code, ErrorCode::kUnavailable);
  EXPECT_EQ(collector->reason_.message, "cannot connect to 127.0.0.1:1: Connection refused");
}

TEST(AsioTransport, CloseSendsWhatIsQueuedAndAbortDoesNot) {
  AsioTransport transport("io");
  Server server(transport, "127.0.0.1");
  auto client = connect_to(transport, server.listener->address());
  const std::string big(8 << 20, 'x');
  server.first()->connection_->send(big);
  server.first()->connection_->close();
  EXPECT_TRUE(client->wait_for([&] { return client->closed_ == 1; }));
  EXPECT_EQ(client->data_.size(), big.size());
  EXPECT_EQ(client->reason_.message, "connection closed by the peer");

  auto other = connect_to(transport, server.listener->address());
  other->connection_->abort();
  other->connection_->send("dropped");
  EXPECT_TRUE(other->wait_closed());
  client->connection_.reset();
  other->connection_.reset();
  transport.stop();
}

TEST(AsioTransport, APausedReaderHoldsTheSenderBack) {
  AsioTransport transport("io");
  Server server(transport, "127.0.0.1");
  auto client = connect_to(transport, server.listener->address());
  auto peer = server.first();
  client->connection_->pause_reading();
  const std::string big(64 << 20, 'x');
  peer->connection_->send(big);
  // What the pause lets through is what the sockets' buffers take; a round trip the other way shows that time went by.
  client->connection_->send("ping");
  EXPECT_TRUE(peer->wait_data("ping"));
  EXPECT_GT(peer->connection_->unsent_bytes(), size_t{16} << 20);
  client->connection_->resume_reading();
  EXPECT_TRUE(client->wait_for([&] { return client->data_.size() == big.size() + 4; }));
  client->connection_.reset();
  peer->connection_.reset();
  transport.stop();
}

// A key and a self-signed certificate in a new directory.
struct Certificate {
  Certificate() {
    std::string pattern = ::testing::TempDir() + "graft_tls_XXXXXX";
    directory = ::mkdtemp(pattern.data());
    files = {directory + "/cert.pem", directory + "/key.pem"};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    FILE* out = std::fopen(files.certificate.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(files.key.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(directory); }
  std::string directory;
  TlsFiles files;
};

// A blocking TLS client; gives what came back for `sent`, or why not.
std::string tls_round_trip(const Address& address, const std::string& sent, int max_version, std::string* version) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, max_version);
  SSL_CTX_set_security_level(context, 0);
  BIO* bio = BIO_new_ssl_connect(context);
  BIO_set_conn_hostname(bio, address.to_string().c_str());
  std::string got;
  if (BIO_do_handshake(bio) == 1) {
    SSL* ssl = nullptr;
    BIO_get_ssl(bio, &ssl);
    *version = SSL_get_version(ssl);
    size_t at = 0;
    char buffer[16384];
    while (got.size() < sent.size()) {
      if (at < sent.size()) {
        const int n = BIO_write(bio, sent.data() + at, static_cast<int>(std::min<size_t>(sent.size() - at, 8000)));
        if (n <= 0) break;
        at += static_cast<size_t>(n);
      }
      const int n = BIO_read(bio, buffer, sizeof(buffer));
      if (n <= 0) break;
      got.append(buffer, static_cast<size_t>(n));
    }
  } else {
    got = "handshake failed";
  }
  ERR_clear_error();
  BIO_free_all(bio);
  SSL_CTX_free(context);
  return got;
}

TEST(AsioTransport, TlsAndPlainTextShareThePort) {
  Certificate certificate;
  AsioTransport transport("io");
  {
    Server server(transport, "127.0.0.1", &certificate.files);
    const Address address = server.listener->address();
    std::string sent;
    for (int i = 0; i < 20000; i++) sent += std::to_string(i) + ",";
    std::string version;
    EXPECT_EQ(tls_round_trip(address, sent, TLS1_3_VERSION, &version), sent);
    EXPECT_EQ(version, "TLSv1.3");
    EXPECT_EQ(tls_round_trip(address, sent, TLS1_2_VERSION, &version), sent);
    EXPECT_EQ(version, "TLSv1.2");
    EXPECT_EQ(tls_round_trip(address, sent, TLS1_1_VERSION, &version), "handshake failed");

    auto plain = connect_to(transport, address);
    plain->connection_->send("plain text");
    EXPECT_TRUE(plain->wait_data("plain text"));
    plain->connection_->send("\x16 not a handshake any more");
    EXPECT_TRUE(plain->wait_data("plain text\x16 not a handshake any more"));
    plain->connection_->close();
    EXPECT_TRUE(plain->wait_closed());
    plain->connection_.reset();
    transport.stop();
  }
}

TEST(AsioTransport, UnusableTlsFilesAreNamed) {
  Certificate one, two;
  AsioTransport transport("io");
  auto error_of = [&](const TlsFiles& files) {
    auto result = transport.listen({"127.0.0.1", 0}, &files, [](auto) { return nullptr; });
    return result.ok() ? std::string("listens") : result.error().message;
  };
  EXPECT_EQ(error_of({one.directory + "/none.pem", one.files.key}),
            "certificate " + one.directory + "/none.pem cannot be read: No such file or directory");
  EXPECT_EQ(error_of({one.files.certificate, two.files.key}),
            "private key " + two.files.key + " does not belong to certificate " + one.files.certificate);
  std::ofstream(one.directory + "/bad.pem") << "this is no PEM\n";
  EXPECT_NE(error_of({one.directory + "/bad.pem", one.files.key}).find("is not a PEM certificate chain"), std::string::npos);
  EXPECT_NE(error_of({one.files.certificate, one.directory + "/bad.pem"}).find("is not a PEM private key"), std::string::npos);
}

}  // namespace
}  // namespace graft::env
