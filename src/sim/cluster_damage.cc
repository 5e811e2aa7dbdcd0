// Damage to the files of a machine, as bad sectors and operators do it: no more of it at once than a majority can heal.
#include <algorithm>

#include "replication/replica.h"
#include "sim/cluster.h"

namespace graft::sim {
namespace {

constexpr const char* kData = "/data/";
constexpr uint64_t kFirstPage = 1 << 20;  // before it stand the superblocks: the newest one's rot cannot be told from a torn write

std::string newest_damaged(const Disk& disk) {
  std::string newest;
  for (const std::string& name : disk.list("/data")) {
    if (!name.starts_with("damaged-")) continue;
    if (name.size() > newest.size() || (name.size() == newest.size() && name > newest)) newest = name;
  }
  return newest;
}

}  // namespace

int SimCluster::voters_to_spare(raft::MemberId without) {
  const int l = leader();
  if (l < 0) return 0;
  int voters = 0, whole = 0;
  for (const replication::Member& member : machine(l).replica->status().members) {
    if (member.learner || member.promoting || member.id == without) continue;
    voters++;
    for (const auto& m : machines_) {
      if (m->id == member.id && !m->damaged) whole++;
    }
  }
  return whole - (voters / 2 + 1);
}

bool SimCluster::may_damage(int i) { return machine(i).member && machine(i).lives > 0 && (machine(i).damaged || voters_to_spare() > 0); }

void SimCluster::note_damage(Machine& m) {
  m.damaged = true;
  m.healed_before = newest_damaged(m.disk);
}

// It serves, and what was damaged stands aside.
void SimCluster::note_healed(Machine& m) {
  if (newest_damaged(m.disk) == m.healed_before || m.disk.find(std::string(kData) + "healing")) return;
  m.damaged = false;
  report_.count("members healed");
}

bool SimCluster::rot(int i) {
  Machine& m = machine(i);
  if (!may_damage(i)) return false;
  std::vector<std::string> pages, segments;
  for (const std::string& path : m.disk.files()) {
    if (path.starts_with(std::string(kData) + "store/") && path.ends_with("pages.graft")) pages.push_back(path);
    if (path.starts_with(std::string(kData) + "log/log-") && !path.ends_with(".tmp")) segments.push_back(path);
  }
  std::sort(segments.begin(), segments.end());
  if (!segments.empty()) segments.pop_back();  // rot in its last batch cannot be told from a torn write
  const bool page = m.process == nullptr && !pages.empty() && (segments.empty() || random_.chance(0.6));
  const std::vector<std::string>& from = page ? pages : segments;
  if (from.empty()) return false;
  const Disk::FilePtr file = m.disk.find(from[random_.below(from.size())]);
  const uint64_t begin = page ? kFirstPage : 0;
  if (file->bytes.size() <= begin) return false;
  const uint64_t times = page ? random_.between(1, 200) : 1;  // much of a page file is free space
  for (uint64_t k = 0; k < times; k++) {
    file->bytes.data()[begin + random_.below(file->bytes.size() - begin)] ^= static_cast<char>(1 << random_.below(8));
  }
  note_damage(m);
  report_.count(page ? "page files damaged" : "log segments damaged");
  return true;
}

bool SimCluster::lose_files(int i, bool log, bool store) {
  Machine& m = machine(i);
  if (m.process != nullptr || !may_damage(i)) return false;
  if (log) m.disk.lose(std::string(kData) + "log");
  if (store) m.disk.lose(std::string(kData) + "store");
  note_damage(m);
  report_.count(log && store ? "logs and stores lost" : log ? "logs lost" : "stores lost");
  return true;
}

}  // namespace graft::sim
