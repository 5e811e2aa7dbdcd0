// LOAD CSV: for each argument row, the rows of a file in the import directory.

#include <optional>

#include "cypher/executor/csv_reader.h"
#include "cypher/executor/executor.h"
#include "cypher/executor/import_file.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Map;
using graph::Value;

namespace {

class LoadCsv final : public Operator {
 public:
  LoadCsv(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        load_(static_cast<const PlanLoadCsv&>(plan)),
        url_(compile_expression(load_.url)),
        out_(make_batch()),
        keep_(slots_but({load_.slot, load_.line_slot, load_.file_slot})) {}

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
    reader_.reset();
    growth_.reset();
  }

  Batch* next() override {
    while (true) {
      if (!reader_ && !open_next()) return nullptr;
      out_.clear_all();
      const uint32_t capacity = growth_.next();
      uint32_t n = 0;
      while (n < capacity && read_row(n)) ++n;
      if (n < capacity) reader_.reset();
      if (n == 0) continue;
      out_.append_repeated(*in_, in_->rows()[position_ - 1], n, keep_);
      return &out_;
    }
  }

  // The next input row's file. False: there is none.
  bool open_next() {
    while (in_ == nullptr || position_ == in_->count()) {
      in_ = left().pull();
      if (in_ == nullptr) return false;
      position_ = 0;
    }
    const uint32_t row = in_->rows()[position_++];
    const Value url = url_->eval(frame(*in_, row));
    if (url.type() != graph::ValueType::kString) throw_type("String", url);
    ImportFile file = open_import(context().options().imports, std::string(url.as_string()));
    path_ = Value::string(file.path);
    reader_.emplace(std::move(file.file), std::string(url.as_string()), load_.field_terminator[0]);
    headers_.clear();
    if (load_.with_headers && reader_->next_row(&fields_)) {
      for (const Value& name : fields_) headers_.push_back(name.is_null() ? "" : std::string(name.as_string()));
    }
    return true;
  }

  bool read_row(uint32_t at) {
    context().tick();
    if (!reader_->next_row(&fields_)) return false;
    out_.column(load_.slot).set(at, load_.with_headers ? row_map() : Value::list(fields_));
    if (load_.line_slot != kNoSlot) out_.column(load_.line_slot).set(at, Value::integer(static_cast<int64_t>(reader_->line())));
    if (load_.file_slot != kNoSlot) out_.column(load_.file_slot).set(at, path_);
    return true;
  }

  // Fields that are missing are null, those beyond the headers are left out.
  Value row_map() {
    Map map;
    map.reserve(headers_.size());
    for (size_t i = 0; i < headers_.size(); ++i) map.emplace_back(headers_[i], i < fields_.size() ? std::move(fields_[i]) : Value());
    return Value::map(std::move(map));
  }

  const PlanLoadCsv& load_;
  EvaluatorPtr url_;
  Batch out_;
  std::vector<Slot> keep_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  BatchGrowth growth_;
  std::optional<CsvReader> reader_;
  Value path_;
  std::vector<std::string> headers_;
  std::vector<Value> fields_;
};

}  // namespace

OperatorPtr make_load_csv(Executor& executor, const PlanNode& plan) { return std::make_unique<LoadCsv>(executor, plan); }

}  // namespace graft::cypher
