#include "env/posix/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace graft::env {
namespace {

constexpr int kWakeUpSignal = SIGUSR2;
constexpr char kReady = 'R', kFailed = 'F';

Error system_error(const std::string& path, const char* operation) {
  return {ErrorCode::kIo, path + ": " + operation + ": " + std::strerror(errno)};
}

void redirect_to_null() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, descriptor);
  ::close(null);
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[512];
  while (true) {
    const ssize_t n = ::read(descriptor, buffer, sizeof buffer);
    if (n > 0) text.append(buffer, static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return text;
  }
}

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, kWakeUpSignal}) sigaddset(&set, number);
  return set;
}

}  // namespace

// ---- going into the background ----

Launch::~Launch() {
  if (pipe_ >= 0) ::close(pipe_);
}

void Launch::tell(const std::string& text) {
  if (pipe_ < 0) return;
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(pipe_, text.data() + written, text.size() - written);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) written += static_cast<size_t>(n);
  }
  ::close(pipe_);
  pipe_ = -1;
}

void Launch::ready() { tell(std::string(1, kReady)); }
void Launch::failed(const std::string& why) { tell(kFailed + why); }

std::unique_ptr<Launch> go_to_background() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    std::perror("pipe");
    std::exit(1);
  }
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("fork");
    std::exit(1);
  }
  if (child == 0) {
    ::close(ends[0]);
    ::setsid();
    redirect_to_null();
    return std::make_unique<Launch>(ends[1]);
  }
  ::close(ends[1]);
  const std::string word = read_all(ends[0]);
  if (!word.empty() && word[0] == kReady) std::exit(0);
  std::fprintf(stderr, "%s\n", word.empty() ? "lgraph_server: ended before its ports were open; see its log" : word.c_str() + 1);
  std::exit(1);
}

// ---- the pid file ----

Result<std::unique_ptr<PidFile>> PidFile::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_error(path, "open");
  auto file = std::unique_ptr<PidFile>(new PidFile(path, descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    file->path_.clear();  // another's: not ours to remove
    return Error{ErrorCode::kUnavailable, path + ": held by another process: the server runs already"};
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return system_error(path, "write");
  }
  return file;
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(descriptor_);
}

std::optional<pid_t> pid_file_holder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  const std::string text = held ? read_all(descriptor) : std::string();
  ::close(descriptor);
  const long pid = std::strtol(text.c_str(), nullptr, 10);
  return pid > 1 ? std::optional<pid_t>(static_cast<pid_t>(pid)) : std::nullopt;
}

Status stop_pid_file_holder(const std::string& path, Duration timeout) {
  const std::optional<pid_t> pid = pid_file_holder(path);
  if (!pid) return Error{ErrorCode::kNotFound, path + ": no server runs with this directory"};
  if (::kill(*pid, SIGTERM) != 0 && errno != ESRCH) return system_error(path, "signal the server");
  constexpr Duration kStep = std::chrono::milliseconds(20);
  for (Duration waited{0}; waited < timeout; waited += kStep) {
    if (pid_file_holder(path) != pid) return {};
    const timespec pause{0, static_cast<long>(kStep.count())};
    ::nanosleep(&pause, nullptr);
  }
  return Error{ErrorCode::kTimeout, "the server (process " + std::to_string(*pid) + ") has been asked to stop and has not ended yet"};
}

// ---- signals ----

void take_signals() {
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Signal wait_for_signal(Duration timeout) {
  const sigset_t set = watched_signals();
  while (true) {
    int number;
    if (timeout == Duration(0)) {
      number = ::sigwaitinfo(&set, nullptr);
    } else {
      const timespec limit{static_cast<time_t>(timeout.count() / 1'000'000'000), static_cast<long>(timeout.count() % 1'000'000'000)};
      number = ::sigtimedwait(&set, nullptr, &limit);
      if (number < 0 && errno == EAGAIN) return Signal::kTimeout;
    }
    if (number == kWakeUpSignal) return Signal::kWakeUp;
    if (number > 0) return Signal::kStop;
  }
}

void wake_up() { ::kill(::getpid(), kWakeUpSignal); }

// ---- what there is ----

Status check_directory_writable(const std::string& directory) {
  std::error_code ignored;
  std::filesystem::path path = std::filesystem::absolute(directory, ignored);
  while (!path.empty()) {
    struct stat info;
    if (::stat(path.c_str(), &info) == 0) {
      if (!S_ISDIR(info.st_mode)) return Error{ErrorCode::kIo, path.string() + " is not a directory"};
      if (::access(path.c_str(), W_OK | X_OK) != 0) return Error{ErrorCode::kIo, path.string() + " is not writable for this user"};
      return {};
    }
    if (errno != ENOENT) return system_error(path, "stat");
    if (path == path.parent_path()) break;
    path = path.parent_path();
  }
  return {};
}

size_t processor_count() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<size_t>(CPU_COUNT(&set));
}

}  // namespace graft::env
