// Runs the text scripts of tests/cypher (format: tests/cypher/README.md).

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "cypher/in_process_database.h"
#include "env/posix/file_system.h"
#include "graph/value.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

std::string show(const Value& v, const graph::GraphView& view);

std::string show_properties(const graph::PropertyList& properties, const graph::GraphView& view) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : properties) parts.push_back(view.catalog().property_key_name(key) + ": " + show(value, view));
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const std::string& p : parts) text += (text.empty() ? "{" : ", ") + p;
  return text.empty() ? "" : text + "}";
}

std::string show_node(graph::NodeId id, const graph::GraphView& view) {
  std::vector<std::string> names;
  for (graph::LabelId l : view.labels(id)) names.push_back(":" + view.catalog().label_name(l));
  std::sort(names.begin(), names.end());
  std::string text = "(";
  for (const std::string& n : names) text += n;
  std::string properties = show_properties(view.node_properties(id), view);
  return text + (properties.empty() || text == "(" ? "" : " ") + properties + ")";
}

std::string show_relationship(graph::RelationshipId id, const graph::GraphView& view) {
  std::string properties = show_properties(view.relationship_properties(id), view);
  return "[:" + view.catalog().type_name(view.relationship(id).type) + (properties.empty() ? "" : " ") + properties + "]";
}

std::string show_path(const graph::Path& path, const graph::GraphView& view) {
  std::string text = "<" + show_node(path.nodes[0], view);
  for (size_t i = 0; i < path.relationships.size(); ++i) {
    bool along = view.relationship(path.relationships[i]).start == path.nodes[i];
    text += (along ? "-" : "<-") + show_relationship(path.relationships[i], view) + (along ? "->" : "-") + show_node(path.nodes[i + 1], view);
  }
  return text + ">";
}

// As graph::to_text, but entities with what they hold, as the TCK writes them.
std::string show(const Value& v, const graph::GraphView& view) {
  switch (v.type()) {
    case ValueType::kNode: return show_node(v.as_node(), view);
    case ValueType::kRelationship: return show_relationship(v.as_relationship(), view);
    case ValueType::kPath: return show_path(v.as_path(), view);
    case ValueType::kList: {
      std::string text;
      for (const Value& e : v.as_list()) text += (text.empty() ? "" : ", ") + show(e, view);
      return "[" + text + "]";
    }
    case ValueType::kMap: {
      std::vector<std::string> parts;
      for (const auto& [key, value] : v.as_map()) parts.push_back(key + ": " + show(value, view));
      std::sort(parts.begin(), parts.end());
      std::string text;
      for (const std::string& p : parts) text += (text.empty() ? "" : ", ") + p;
      return "{" + text + "}";
    }
    default: return graph::to_text(v);
  }
}

struct Statement {
  int line = 0;
  std::string text;
  std::vector<std::string> expected;  // behind "> "
  bool ordered = false;
};

struct Case {
  std::string name;
  std::vector<Statement> statements;
};

std::string stripped(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t\r");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

std::vector<Case> read_script(const std::string& text) {
  std::vector<Case> cases;
  std::istringstream in(text);
  std::string line;
  bool in_text = false;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("### ")) {
      cases.push_back({line.substr(4), {}});
      in_text = false;
    } else if (line.starts_with("#") || cases.empty()) {
      continue;
    } else if (line.starts_with("> ") || line == ">" || line.starts_with(">= ")) {
      Statement& s = cases.back().statements.at(cases.back().statements.size() - 1);
      s.ordered |= line.starts_with(">=");
      s.expected.push_back(stripped(line.substr(std::min(line.size(), size_t{line.starts_with(">=") ? 3u : 2u}))));
      in_text = false;
    } else if (stripped(line).empty()) {
      in_text = false;
    } else {
      if (!in_text) cases.back().statements.push_back({number, "", {}, false});
      cases.back().statements.back().text += line + "\n";
      in_text = true;
    }
  }
  return cases;
}

std::string row_text(const std::vector<Value>& row, const graph::GraphView& view) {
  std::string text;
  for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : " | ") + show(row[i], view);
  return text;
}

class Runner {
 public:
  Runner() { database_.options().imports = &imports_; }
  void run(const Statement& s) {
    std::string text = stripped(s.text.substr(0, s.text.find('\n')));
    if (text.starts_with(":param ")) {
      size_t equals = text.find('=');
      parameters_.emplace_back(stripped(text.substr(7, equals - 7)), database_.value(text.substr(equals + 1)));
    } else if (text.starts_with(":session ")) {
      std::unique_ptr<InProcessDatabase::Session>& named = sessions_[stripped(text.substr(9))];
      if (named == nullptr) named = std::make_unique<InProcessDatabase::Session>(database_);
      session_ = named.get();
    } else if (text == ":begin") {
      session_->begin();
    } else if (text == ":rollback") {
      session_->rollback();
    } else if (text == ":commit") {
      Status status = session_->commit();
      check_error(s, status.ok() ? nullptr : &status.error());
    } else {
      run_query(s);
    }
  }

 private:
  void run_query(Statement s) {
    check_plan(&s);
    Result<QueryAnswer> answer = session_->run(s.text, parameters_);
    check_error(s, answer.ok() ? nullptr : &answer.error());
    if (!answer.ok() || s.expected.empty() || s.expected[0].starts_with("error ")) return;
    std::string columns;
    for (const std::string& c : answer->columns) columns += (columns.empty() ? "" : " | ") + c;
    EXPECT_EQ(columns, s.expected[0]) << s.text;
    graph::GraphView view = database_.view();
    std::vector<std::string> rows, expected(s.expected.begin() + 1, s.expected.end());
    for (const auto& row : answer->rows) rows.push_back(row_text(row, view));
    if (!s.ordered) {
      std::sort(rows.begin(), rows.end());
      std::sort(expected.begin(), expected.end());
    }
    EXPECT_EQ(rows, expected) << s.text;
  }

  // The lines about the plan and the notifications of the statement, which are taken away.
  void check_plan(Statement* s) {
    std::vector<std::string> about, notified;
    std::erase_if(s->expected, [&](const std::string& line) {
      if (line.starts_with("plan ")) about.push_back(line.substr(5));
      if (line.starts_with("notifies ")) notified.push_back(line.substr(9));
      return line.starts_with("plan ") || line.starts_with("notifies ");
    });
    if (about.empty() && notified.empty()) return;
    graph::GraphView view = database_.view();
    auto prepared = database_.engine().prepare(s->text, parameters_, view);
    auto* query = std::get_if<std::shared_ptr<const PreparedQuery>>(&prepared);
    ASSERT_NE(query, nullptr) << std::get<QueryError>(prepared).message;
    const std::string plan = names_of((*query)->plan());
    for (const std::string& line : about) {
      const bool wanted = line.starts_with("contains ");
      EXPECT_EQ(plan.find(line.substr(wanted ? 9 : 6)) != std::string::npos, wanted) << line << "\n" << plan << "\n" << s->text;
    }
    if (!notified.empty()) check_notifications((*query)->notifications(), notified, s->text);
  }

  // "Code offset: part of the description" each, or "nothing".
  static void check_notifications(const std::vector<Notification>& given, const std::vector<std::string>& wanted, const std::string& text) {
    std::vector<std::string> heads, expected;
    std::string descriptions;
    for (const Notification& n : given) {
      heads.push_back(n.code.substr(n.code.rfind('.') + 1) + (n.position ? " " + std::to_string(n.position->offset) : ""));
      descriptions += n.description + "\n";
    }
    for (const std::string& line : wanted) {
      if (line == "nothing") continue;
      const size_t colon = line.find(": ");
      expected.push_back(line.substr(0, colon));
      if (colon == std::string::npos) continue;
      EXPECT_NE(descriptions.find(line.substr(colon + 2)), std::string::npos) << descriptions << text;
    }
    std::sort(heads.begin(), heads.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(heads, expected) << text;
  }

  static std::string names_of(const PlanDescription& p) {
    std::string out = p.operator_name;
    for (const PlanDescription& child : p.children) out += "\n" + names_of(child);
    return out;
  }

  static void check_error(const Statement& s, const Error* error) {
    bool wanted = !s.expected.empty() && s.expected[0].starts_with("error ");
    if (!wanted) {
      EXPECT_EQ(error, nullptr) << s.text << (error != nullptr ? error->message : "");
      return;
    }
    ASSERT_NE(error, nullptr) << "no error: " << s.text;
    std::string rest = s.expected[0].substr(6);
    size_t colon = rest.find(": ");
    std::string status(neo4j_status(error->code));
    EXPECT_TRUE(status.ends_with("." + rest.substr(0, colon))) << status << ": " << error->message << "\n" << s.text;
    if (colon == std::string::npos) return;
    EXPECT_NE(error->message.find(rest.substr(colon + 2)), std::string::npos) << error->message << "\n" << s.text;
  }

  env::PosixFileSystem files_;
  const ImportDirectory imports_{&files_, GRAFT_SOURCE_DIR "/tests/cypher/import"};
  InProcessDatabase database_;
  InProcessDatabase::Session first_{database_};
  InProcessDatabase::Session* session_ = &first_;
  std::map<std::string, std::unique_ptr<InProcessDatabase::Session>> sessions_;
  Parameters parameters_;
};

class ScriptTest : public testing::Test {
 public:
  explicit ScriptTest(Case c) : case_(std::move(c)) {}
  void TestBody() override {
    Runner runner;
    for (const Statement& s : case_.statements) {
      SCOPED_TRACE("line " + std::to_string(s.line));
      runner.run(s);
    }
  }

 private:
  Case case_;
};

bool register_scripts() {
  env::PosixFileSystem files;
  std::string directory = std::string(GRAFT_SOURCE_DIR) + "/tests/cypher";
  auto names = files.list(directory);
  if (!names.ok()) return false;
  for (const std::string& name : *names) {
    if (!name.ends_with(".test")) continue;
    std::string suite = "Script_" + name.substr(0, name.size() - 5);
    for (Case& c : read_script(files.read_file(directory + "/" + name).value())) {
      std::string title = c.name;
      std::replace_if(title.begin(), title.end(), [](unsigned char x) { return !isalnum(x); }, '_');
      testing::RegisterTest(suite.c_str(), title.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [c = std::move(c)]() -> testing::Test* { return new ScriptTest(c); });
    }
  }
  return true;
}

[[maybe_unused]] const bool registered = register_scripts();

}  // namespace
}  // namespace graft::cypher
