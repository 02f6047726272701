#include "model/tiling.h"

vaei_work vaei_work_on_rows(const vaei_limits *limits, vaei_range rows, uint32_t panels) {
  const uint32_t columns = vaei_column_tiles(limits, panels);
  uint32_t at_once = 1;
  if (rows.end - rows.begin == 1) { /* as many as fit, but evenly: no last tile of one column alone */
    const uint32_t most = limits->row_panels / limits->panels, tiles = (columns + most - 1) / most;
    at_once = (columns + tiles - 1) / tiles;
  }
  return (vaei_work){.panels = panels,
                     .columns = columns,
                     .tile_rows = limits->rows,
                     .granule = limits->granule,
                     .at_once = at_once,
                     .first_row = (uint32_t)rows.begin,
                     .end_row = (uint32_t)rows.end,
                     .row = (uint32_t)rows.begin,
                     .last_column = rows.begin < rows.end ? columns : 0,
                     .last_row = (uint32_t)rows.begin};
}

/* The place in the run of all tiles with a part of the area before it: a column, and a row in it. */
static void place_of(const vaei_work *work, uint64_t part, uint64_t parts, uint32_t *column, uint32_t *row) {
  const uint64_t granules = (work->end_row - work->first_row + work->granule - 1) / work->granule;
  *row = work->first_row;
  *column = 0;
  if (!granules) return;
  const uint64_t area = granules * work->panels * part / parts, panel = area / granules;
  *column = (uint32_t)(panel * work->columns / work->panels); /* or one more or less, for widths that differ */
  while (*column > 0 && vaei_column_begin(*column, work->columns, work->panels) > panel) --*column;
  while (*column < work->columns && vaei_column_begin(*column + 1, work->columns, work->panels) <= panel) ++*column;
  if (*column == work->columns || work->at_once > 1) return;
  const uint64_t begin = vaei_column_begin(*column, work->columns, work->panels);
  const uint64_t width = vaei_column_begin(*column + 1, work->columns, work->panels) - begin;
  const uint64_t within = (area - begin * granules + width / 2) / width;
  *row += (uint32_t)within * work->granule;
  if (*row >= work->end_row) *row = work->first_row, ++*column;
}

vaei_work vaei_work_on_area(const vaei_limits *limits, vaei_range rows, uint32_t panels, vaei_member member) {
  vaei_work work = vaei_work_on_rows(limits, rows, panels);
  const vaei_work all = work;
  place_of(&all, member.rank, member.size, &work.column, &work.row);
  place_of(&all, member.rank + 1, member.size, &work.last_column, &work.last_row);
  return work;
}

/* The first column of tiles whose middle lies in the panels of member `rank` or a later one. */
static uint32_t column_from(uint32_t columns, uint32_t panels, uint32_t rank, uint32_t members) {
  uint32_t column = 0;
  while (column < columns && vaei_column_owner(vaei_column_begin(column, columns, panels),
                                               vaei_column_begin(column + 1, columns, panels), panels, members) < rank)
    column++;
  return column;
}

vaei_work vaei_work_on_columns(const vaei_limits *limits, vaei_range rows, uint32_t panels, vaei_member member) {
  vaei_work work = vaei_work_on_rows(limits, rows, panels);
  work.column = column_from(work.columns, panels, member.rank, member.size);
  work.last_column = rows.begin < rows.end ? column_from(work.columns, panels, member.rank + 1, member.size) : 0;
  return work;
}

vaei_column_shares vaei_shares_of_columns(const vaei_limits *limits, uint32_t panels, uint32_t members) {
  const uint32_t columns = vaei_column_tiles(limits, panels);
  vaei_column_shares shares = {0};
  for (uint32_t column = 0, count = 0, last = 0; column < columns; column++) {
    const uint32_t begin = vaei_column_begin(column, columns, panels);
    const uint32_t end = vaei_column_begin(column + 1, columns, panels), width = end - begin;
    const uint32_t owner = vaei_column_owner(begin, end, panels, members), opposite = members - 1 - owner;
    count = (owner == last ? count : 0) + width;
    last = owner;
    if (count > shares.most) shares.most = count;
    if (owner != opposite) shares.lean += owner < opposite ? (int32_t)width : -(int32_t)width;
  }
  return shares;
}

/* Sets what the tiles at work->column have in common. */
static void begin_column(vaei_work *work) {
  const uint32_t beyond = work->column + work->at_once;
  work->next_column = work->column < work->last_column && beyond > work->last_column ? work->last_column : beyond;
  work->panel = vaei_column_begin(work->column, work->columns, work->panels);
  work->panel_end = vaei_column_begin(work->next_column, work->columns, work->panels);
}

bool vaei_work_next(vaei_work *work, vaei_tile *tile) {
  const bool last = work->column == work->last_column;
  if (work->column > work->last_column || (last && work->row >= work->last_row)) return false;
  if (work->next_column <= work->column) begin_column(work);
  const uint32_t end = last ? work->last_row : work->end_row, left = end - work->row;
  const uint32_t tiles = (left + work->tile_rows - 1) / work->tile_rows, even = (left + tiles - 1) / tiles;
  const uint32_t rows = (even + work->granule - 1) & ~(work->granule - 1);
  const uint32_t row_end = rows < left ? work->row + rows : end;
  *tile = (vaei_tile){work->row, row_end, work->panel, work->panel_end, work->column};
  work->row = row_end;
  if (row_end == end) {
    work->row = work->first_row;
    work->column = work->next_column;
  }
  return true;
}
