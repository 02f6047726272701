/* The cases of a switch over VAEI_TILE_CASE(rows, panels), one for each tile shape of an instruction set. In each of them
 * TILE is called with constants, so that its accumulators are registers. Single rows may be VF_ROW_PANELS wide. */

/* clang-format off */
#define VAEI_TILE_CASE(rows, panels) ((rows) * 64 + (panels))
#define VAEI_TILE(TILE, p, rows, panels) case VAEI_TILE_CASE(rows, panels): TILE(p, rows, panels); break;

#if VF_TILE_ROWS == 8
#define VAEI_TILE_ROWS_FROM_2(TILE, p, panels) \
  VAEI_TILE(TILE, p, 2, panels) VAEI_TILE(TILE, p, 3, panels) VAEI_TILE(TILE, p, 4, panels) \
  VAEI_TILE(TILE, p, 5, panels) VAEI_TILE(TILE, p, 6, panels) VAEI_TILE(TILE, p, 7, panels) \
  VAEI_TILE(TILE, p, 8, panels)
#elif VF_TILE_ROWS == 6
#define VAEI_TILE_ROWS_FROM_2(TILE, p, panels) \
  VAEI_TILE(TILE, p, 2, panels) VAEI_TILE(TILE, p, 3, panels) VAEI_TILE(TILE, p, 4, panels) \
  VAEI_TILE(TILE, p, 5, panels) VAEI_TILE(TILE, p, 6, panels)
#elif VF_TILE_ROWS == 4
#define VAEI_TILE_ROWS_FROM_2(TILE, p, panels) \
  VAEI_TILE(TILE, p, 2, panels) VAEI_TILE(TILE, p, 3, panels) VAEI_TILE(TILE, p, 4, panels)
#else
#error "a tile height that tile_cases.h does not know"
#endif

#if VF_TILE_PANELS == 3
#define VAEI_TILE_CASES_FROM_2(TILE, p) \
  VAEI_TILE_ROWS_FROM_2(TILE, p, 1) VAEI_TILE_ROWS_FROM_2(TILE, p, 2) VAEI_TILE_ROWS_FROM_2(TILE, p, 3)
#define VAEI_TILE_CASES(TILE, p) \
  VAEI_TILE(TILE, p, 1, 1) VAEI_TILE(TILE, p, 1, 2) VAEI_TILE(TILE, p, 1, 3) VAEI_TILE_CASES_FROM_2(TILE, p)
#elif VF_TILE_PANELS == 1
#define VAEI_TILE_CASES_FROM_2(TILE, p) VAEI_TILE_ROWS_FROM_2(TILE, p, 1)
#define VAEI_TILE_CASES(TILE, p) VAEI_TILE(TILE, p, 1, 1) VAEI_TILE_CASES_FROM_2(TILE, p)
#else
#error "a tile width that tile_cases.h does not know"
#endif

#if !defined(VF_ROW_PANELS)
/* no kernel for single rows */
#elif VF_ROW_PANELS == 12
#define VAEI_ROW_CASES(TILE, p) \
  VAEI_TILE(TILE, p, 1, 1) VAEI_TILE(TILE, p, 1, 2) VAEI_TILE(TILE, p, 1, 3) VAEI_TILE(TILE, p, 1, 4) \
  VAEI_TILE(TILE, p, 1, 5) VAEI_TILE(TILE, p, 1, 6) VAEI_TILE(TILE, p, 1, 7) VAEI_TILE(TILE, p, 1, 8) \
  VAEI_TILE(TILE, p, 1, 9) VAEI_TILE(TILE, p, 1, 10) VAEI_TILE(TILE, p, 1, 11) VAEI_TILE(TILE, p, 1, 12)
#elif VF_ROW_PANELS == 4
#define VAEI_ROW_CASES(TILE, p) \
  VAEI_TILE(TILE, p, 1, 1) VAEI_TILE(TILE, p, 1, 2) VAEI_TILE(TILE, p, 1, 3) VAEI_TILE(TILE, p, 1, 4)
#elif VF_ROW_PANELS == 2
#define VAEI_ROW_CASES(TILE, p) \
  VAEI_TILE(TILE, p, 1, 1) VAEI_TILE(TILE, p, 1, 2)
#else
#error "a row width that tile_cases.h does not know"
#endif
/* clang-format on */
