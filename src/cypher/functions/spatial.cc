#include "cypher/functions/spatial.h"

#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

using graph::Point;
using graph::Value;
using graph::ValueType;

struct Crs {
  uint32_t srid;
  std::string_view name;
  bool geographic, three;
};
constexpr Crs kSystems[] = {{7203, "cartesian", false, false}, {9157, "cartesian-3d", false, true}, {4326, "wgs-84", true, false}, {4979, "wgs-84-3d", true, true}};
constexpr double kEarthRadiusMetres = 6'378'140.0;

const Crs& crs_of(uint32_t srid) {
  for (const Crs& c : kSystems) {
    if (c.srid == srid) return c;
  }
  throw_error(ErrorCode::kArgument, "Unknown coordinate reference system " + std::to_string(srid) + ": use 4326, 4979, 7203 or 9157");
}

const Crs& crs_named(std::string_view name) {
  std::string wanted = to_lower(name);
  for (const Crs& c : kSystems) {
    if (c.name == wanted) return c;
  }
  throw_error(ErrorCode::kArgument, "Unknown coordinate reference system '" + std::string(name) + "': use cartesian, cartesian-3D, WGS-84 or WGS-84-3D");
}

struct Coordinates {
  std::optional<double> x, y, z;
  bool geographic = false;
  const Crs* given = nullptr;
};

// false: an entry is null.
bool read_coordinates(const graph::Map& map, Coordinates* out) {
  for (const auto& [key, value] : map) {
    if (value.is_null()) return false;
    if (key == "crs" || key == "srid") {
      out->given = key == "crs" ? &crs_named(string_argument(value)) : &crs_of(static_cast<uint32_t>(integer_argument(value)));
      continue;
    }
    bool geographic = key == "longitude" || key == "latitude" || key == "height";
    std::optional<double>* target = key == "x" || key == "longitude" ? &out->x : key == "y" || key == "latitude" ? &out->y : key == "z" || key == "height" ? &out->z : nullptr;
    if (target == nullptr) throw_error(ErrorCode::kArgument, "A point has no component '" + key + "'");
    *target = number_argument(value);
    out->geographic |= geographic;
  }
  return true;
}

// Longitudes wrap around, latitudes end at the poles.
void fit_to_globe(Point* p) {
  if (std::fabs(p->y) > 90) throw_error(ErrorCode::kArgument, "A latitude must be between -90 and 90, but was " + graph::to_text(Value::floating(p->y)));
  if (std::fabs(p->x) > 180) p->x = std::remainder(p->x, 360.0);
}

Value make_point(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() != ValueType::kMap) throw_type("Map", args[0]);
  Coordinates c;
  if (!read_coordinates(args[0].as_map(), &c)) return Value();
  if (!c.x || !c.y) throw_error(ErrorCode::kArgument, "A point needs x and y, or longitude and latitude");
  const Crs& crs = c.given ? *c.given : c.geographic ? crs_of(c.z ? 4979 : 4326) : crs_of(c.z ? 9157 : 7203);
  if (c.geographic && !crs.geographic) throw_error(ErrorCode::kArgument, "Geographic coordinates do not fit the system " + std::string(crs.name));
  if (crs.three != c.z.has_value()) throw_error(ErrorCode::kArgument, "The system " + std::string(crs.name) + " has " + (crs.three ? "three" : "two") + " coordinates");
  Point p{crs.srid, *c.x, *c.y, c.z.value_or(0)};
  if (crs.geographic) fit_to_globe(&p);
  return Value::point(p);
}

double on_globe(const Point& a, const Point& b, bool three) {
  constexpr double kRadians = std::numbers::pi / 180;
  double lat = std::sin((b.y - a.y) * kRadians / 2), lon = std::sin((b.x - a.x) * kRadians / 2);
  double h = lat * lat + std::cos(a.y * kRadians) * std::cos(b.y * kRadians) * lon * lon;
  double radius = kEarthRadiusMetres + (three ? (a.z + b.z) / 2 : 0);
  double along = 2 * radius * std::asin(std::sqrt(std::min(1.0, h)));
  return three ? std::hypot(along, a.z - b.z) : along;
}

Value distance(QueryContext&, Arguments args) {
  if (args[0].type() != ValueType::kPoint || args[1].type() != ValueType::kPoint) return Value();
  Point a = args[0].as_point(), b = args[1].as_point();
  if (a.srid != b.srid) return Value();
  const Crs& crs = crs_of(a.srid);
  return Value::floating(crs.geographic ? on_globe(a, b, crs.three) : std::hypot(a.x - b.x, a.y - b.y, crs.three ? a.z - b.z : 0.0));
}

Value within_box(QueryContext&, Arguments args) {
  for (const Value& v : args) {
    if (v.type() != ValueType::kPoint) return Value();
  }
  Point p = args[0].as_point(), low = args[1].as_point(), high = args[2].as_point();
  if (p.srid != low.srid || p.srid != high.srid) return Value();
  const Crs& crs = crs_of(p.srid);
  bool x = crs.geographic && low.x > high.x ? p.x >= low.x || p.x <= high.x  // across the date line
                                            : p.x >= low.x && p.x <= high.x;
  return Value::boolean(x && p.y >= low.y && p.y <= high.y && (!crs.three || (p.z >= low.z && p.z <= high.z)));
}

}  // namespace

Value point_component(const Point& p, std::string_view key) {
  const Crs& crs = crs_of(p.srid);
  if (key == "x" || (key == "longitude" && crs.geographic)) return Value::floating(p.x);
  if (key == "y" || (key == "latitude" && crs.geographic)) return Value::floating(p.y);
  if (crs.three && (key == "z" || (key == "height" && crs.geographic))) return Value::floating(p.z);
  if (key == "crs") return Value::string(crs.name);
  if (key == "srid") return Value::integer(p.srid);
  throw_error(ErrorCode::kArgument, "A point in " + std::string(crs.name) + " has no component '" + std::string(key) + "'");
}

void add_spatial_functions(FunctionTable& t) {
  t.scalar("point(input :: MAP) :: POINT", "Spatial", make_point, "Makes a point of its coordinates.");
  for (const char* name : {"point.distance(from :: POINT, to :: POINT) :: FLOAT", "distance(from :: POINT, to :: POINT) :: FLOAT"}) {
    t.scalar(name, "Spatial", distance, "The distance of two points of one system: metres on the globe, else as coordinates count.");
  }
  t.scalar("point.withinBBox(point :: POINT, lowerLeft :: POINT, upperRight :: POINT) :: BOOLEAN", "Spatial", within_box, "True for a point inside or on a box.");
}

}  // namespace graft::cypher
