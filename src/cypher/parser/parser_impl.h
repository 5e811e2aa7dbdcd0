#pragma once

// The recursive-descent parser. One class, its methods spread over parse_*.cc by part of the language.

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cypher/parser/lexer.h"
#include "cypher/parser/parser.h"

namespace graft::cypher {

class Parser {
 public:
  Parser(std::string_view text, Arena* arena) : text_(text), arena_(arena), tokens_(tokenize(text)) {}
  Statement statement();

 private:
  // ---- Tokens (parser.cc)
  const LexToken& token(size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool is_symbol(std::string_view symbol, size_t ahead = 0) const;
  bool is_word(std::string_view word, size_t ahead = 0) const;   // an unescaped identifier, any case; word in upper case
  bool is_name(size_t ahead = 0) const;                          // identifier or escaped
  bool symbol(std::string_view symbol);                          // is_symbol, then takes it
  bool word(std::string_view word);
  bool word_before_expression(std::string_view word);            // not where it has to be a variable's name
  bool words(std::string_view first, std::string_view second);   // both or none
  void expect_symbol(std::string_view symbol);
  void expect_word(std::string_view word);
  std::string expect_name(const char* what);                     // "a variable", "a label" ...
  uint64_t expect_unsigned(const char* what);
  std::string expect_string(const char* what);
  [[noreturn]] void unexpected();                                // at the current token, with what was expected
  [[noreturn]] void fail(std::string message, Position position) const;
  Position here() const { return token().position; }
  bool expected(std::string_view what) const;                    // notes it; false
  std::string text_since(size_t first_token) const;

  struct Depth {
    explicit Depth(Parser* p);
    ~Depth() { --parser->depth_; }
    Parser* parser;
  };

  // ---- Statements (parse_query.cc)
  void query_option();
  Query* query();
  SingleQuery* single_query();
  bool query_starts() const;
  Clause* clause();                                              // null: none starts here
  Clause* read_or_call();
  UseClause* use_clause();
  MatchClause* match_clause(bool optional);
  Hint hint();
  UnwindClause* unwind_clause();
  ProjectionClause* projection_clause(ClauseKind kind);
  void projection_body(ProjectionClause* out);
  void order_and_limits(ProjectionClause* out);
  ProjectionItem projection_item();
  CreateClause* create_clause();
  MergeClause* merge_clause();
  std::vector<SetItem> set_items();
  SetItem set_item();
  void set_labels(SetItem* item);
  std::vector<SetItem> remove_items();
  SetItem remove_item();
  DeleteClause* delete_clause(bool detach);
  ForeachClause* foreach_clause();
  Clause* call_clause(bool optional);
  CallSubqueryClause* call_subquery(bool optional, Position position);
  InTransactions* in_transactions();
  void yield_items(std::vector<YieldItem>* items, bool* star);
  LoadCsvClause* load_csv_clause();

  // ---- Patterns (parse_pattern.cc)
  std::vector<PathPattern*> pattern_list();
  PathPattern* path_pattern(bool allow_selector);
  void path_selector(PathPattern* path);
  void path_elements(PathPattern* path);
  PathPattern* shortest_path_function();
  bool parenthesised_path_starts() const;
  void parenthesised_path(PathPattern* path);
  NodePattern* node_pattern();
  RelationshipPattern* relationship_pattern();
  void relationship_body(RelationshipPattern* r);
  bool relationship_starts() const;
  bool pattern_starts() const;                                   // a node pattern with a relationship behind it
  std::optional<Quantifier> quantifier();
  PatternPart* quantified(PathPattern* inner, Expr* where, const Quantifier& q);
  PatternPart* node_part(NodePattern* node);
  LabelExpr* label_expression(bool relationship);
  LabelExpr* label_or(bool relationship);
  LabelExpr* label_and(bool relationship);
  bool is_dynamic_quantifier() const;
  LabelExpr* label_unary(bool relationship);

  // ---- Expressions (parse_expression.cc, parse_atom.cc)
  Expr* expression() { return binary(0); }
  Expr* binary(int min_precedence);
  Expr* not_or_operand(int min_precedence);
  int binary_operator(ExprKind* kind) const;                     // precedence, or -1
  void take_operator(ExprKind kind);
  Expr* comparison_chain(Expr* left);
  Expr* postfix_predicate(Expr* left, bool* matched);            // IS NULL, IS :: T ...
  Expr* is_predicate(Expr* left);
  Expr* unary();
  Expr* postfix();
  Expr* postfix_on(Expr* subject);
  Expr* bracket(Expr* subject);
  Expr* atom();
  Expr* number(bool negative);
  Expr* negative_number();
  Expr* parenthesised();
  Expr* list_or_comprehension();
  Expr* list_comprehension();
  Expr* pattern_comprehension();
  Expr* map();
  Expr* map_projection(Expr* subject);
  Expr* case_expression();
  Expr* case_condition(Expr* subject, bool* extended);
  Expr* named();                                                 // variable, function, keyword literal ...
  Expr* function_call();
  Expr* special_function(std::string_view lower);                // null: an ordinary function
  Expr* quantifier_predicate(ExprKind kind);
  Expr* reduce();
  Expr* trim_function();
  Expr* normalize_function();
  Expr* exists_function();
  Expr* subquery(ExprKind kind);
  Query* query_of(Clause* clause);
  Expr* shortest_path_expression();
  Expr* properties();                                            // {..} or parameter after a pattern's name
  TypeExpr* type_expression();
  TypeExpr* property_type(graph::EntityKind entity);
  TypeExpr* type_atom();
  bool type_name(TypeExpr* type);
  bool at_type_word(std::initializer_list<std::string_view> sequence);
  Expr* make(ExprKind kind, Position position, std::vector<Expr*> children = {});
  Expr* finish(Expr* e);                                         // sets end and height; checks the height
  Expr* variable(const std::string& name, Position position);

  // ---- Commands (parse_command.cc)
  Command* command();                                            // null: none starts here
  Command* create_command();
  CreateIndexCommand* create_index(graph::IndexKind kind);
  void index_target(CreateIndexCommand* out);
  CreateConstraintCommand* create_constraint();
  void constraint_requirement(CreateConstraintCommand* out);
  std::vector<std::string> property_list(const std::string& variable, bool parentheses_optional);
  Command* drop_command();
  void command_name(std::string* name, Expr** parameter);
  bool if_not_exists();
  bool if_exists();
  Expr* options();
  ShowCommand* show_command();
  void show_kind(ShowCommand* out);
  void show_yield(ShowCommand* out);
  ShowCommand* terminate_command();
  std::vector<Expr*> expression_list();

  std::string_view text_;
  Arena* arena_;
  std::vector<LexToken> tokens_;
  size_t next_ = 0;
  int depth_ = 0;
  bool no_bar_ = false;  // inside [x IN xs WHERE x:A | ...]: the bar ends a label expression
  std::set<size_t> no_comprehension_;  // places of '[' that were found to start a plain list
  mutable std::vector<std::string_view> expected_;
  mutable size_t expected_at_ = 0;
};

}  // namespace graft::cypher
