/* How the rows and panels of a matrix are divided among members and cut into tiles of the kernels' size.
 *
 * Tiles lie in columns of tiles, whose borders are the same however the work is divided; what is summed tile by tile along a
 * row is therefore summed in one order. */
#ifndef VAEI_TILING_H
#define VAEI_TILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parallel/team.h"

/* The tiles that kernels take. */
typedef struct vaei_limits {
  uint32_t rows, panels; /* the largest tile */
  uint32_t row_panels;   /* the panels of a single row at a time, at least `panels` */
  uint32_t granule;      /* a power of two: tiles and shares begin at rows that are multiples of it */
} vaei_limits;

static inline uint32_t vaei_column_tiles(const vaei_limits *limits, uint32_t panels) {
  return (panels + limits->panels - 1) / limits->panels;
}

/* Where column `column` of `columns` begins; their widths differ by one at most. */
static inline uint32_t vaei_column_begin(uint32_t column, uint32_t columns, uint32_t panels) {
  return (uint32_t)((uint64_t)column * panels / columns);
}

/* A member's share of rows, in whole granules but for the last. rows.begin is a multiple of the granule. */
static inline vaei_range vaei_rows_share(vaei_member member, vaei_range rows, uint32_t granule) {
  const size_t count = rows.end - rows.begin;
  const vaei_range share = vaei_team_share(member, (count + granule - 1) / granule);
  const size_t begin = share.begin * granule, end = share.end * granule;
  return (vaei_range){rows.begin + (begin < count ? begin : count), rows.begin + (end < count ? end : count)};
}

/* Rows [row, row_end) and panels [panel, panel_end) from column of tiles `column` on: one column, or several where the tile is
 * a single row. */
typedef struct vaei_tile {
  uint32_t row, row_end, panel, panel_end, column;
} vaei_tile;

/* The columns of a tile, of a matrix of `units` columns, in panels of 16. */
static inline size_t vaei_tile_columns(const vaei_tile *tile, size_t units) {
  const size_t begin = (size_t)tile->panel * 16, end = (size_t)tile->panel_end * 16;
  return (end < units ? end : units) - begin;
}

/* A run of tiles, columns one after the other, and within a column from its first row to its last. The run may begin and end
 * within a column. */
typedef struct vaei_work {
  uint32_t panels, columns;               /* of the matrix */
  uint32_t tile_rows, granule;            /* the limits' */
  uint32_t at_once;                       /* columns a tile */
  uint32_t first_row, end_row;            /* of a column */
  uint32_t column, row;                   /* where the next tile begins */
  uint32_t last_column, last_row;         /* where the run ends: in this column, before this row */
  uint32_t next_column, panel, panel_end; /* of the tiles at `column`, once there was one */
} vaei_work;

/* All tiles of some rows. */
vaei_work vaei_work_on_rows(const vaei_limits *limits, vaei_range rows, uint32_t panels);

/* A member's part of those tiles: equal areas, cut at a row where they end within a column. */
vaei_work vaei_work_on_area(const vaei_limits *limits, vaei_range rows, uint32_t panels, vaei_member member);

/* Whose a column of tiles is, panels [begin, end), where a team shares whole ones: that member's within whose share of the panels its
 * middle lies. */
static inline uint32_t vaei_column_owner(uint32_t begin, uint32_t end, uint32_t panels, uint32_t members) {
  return (uint32_t)(((uint64_t)begin + end) * members / (2 * (uint64_t)panels));
}

/* A member's columns of tiles then, of those rows. */
vaei_work vaei_work_on_columns(const vaei_limits *limits, vaei_range rows, uint32_t panels, vaei_member member);

/* How even that is. */
typedef struct vaei_column_shares {
  uint32_t most; /* panels of the member that has the most */
  int32_t lean;  /* panels of the lower half of the ranks less those of the upper half */
} vaei_column_shares;

vaei_column_shares vaei_shares_of_columns(const vaei_limits *limits, uint32_t panels, uint32_t members);

/* The next tile of a run; false where there is none. Tiles of one column differ by a granule of rows at most. */
bool vaei_work_next(vaei_work *work, vaei_tile *tile);

#endif
