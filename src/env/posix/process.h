#pragma once

// What a server program needs of the operating system besides the doors: going into the background, the pid file,
// signals. Main thread only, unless said otherwise.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/clock.h"

namespace graft::env {

// The background child's word to the parent that waits for it.
class Launch {
 public:
  explicit Launch(int pipe) : pipe_(pipe) {}
  ~Launch();
  void ready();                           // the parent exits with 0
  void failed(const std::string& why);    // the parent prints it and exits with 1

 private:
  void tell(const std::string& text);
  int pipe_;
};

// Forks before any thread exists. Returns in the child only, which is in a session of its own with stdin, stdout and
// stderr at /dev/null; the parent waits for the child's word, and exits.
std::unique_ptr<Launch> go_to_background();

// DIRECTORY's pid file: written and locked while the process lives, removed at its end.
class PidFile {
 public:
  static Result<std::unique_ptr<PidFile>> create(const std::string& path);
  ~PidFile();

 private:
  PidFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_;
};

// The process that holds the pid file; nothing when none does.
std::optional<pid_t> pid_file_holder(const std::string& path);

// Asks the holder to end (SIGTERM) and waits until it has. kNotFound: nobody holds it; kTimeout: it did not end in time.
Status stop_pid_file_holder(const std::string& path, Duration timeout);

// Before any thread starts: SIGTERM, SIGINT and the program's own wake-up go to wait_for_signal alone; SIGPIPE is ignored.
void take_signals();
enum class Signal { kStop, kWakeUp, kTimeout };
Signal wait_for_signal(Duration timeout);  // 0: for ever
void wake_up();                            // any thread: wait_for_signal gives kWakeUp

// Whether files can be made in `directory`, or it can be made itself. Writes nothing.
Status check_directory_writable(const std::string& directory);

// Processors that this process may use.
size_t processor_count();

}  // namespace graft::env
