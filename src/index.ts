/**
 * The file that the runner starts. All else is a chunk of its own: of the first file ncc makes nested
 * functions, which Node parses two and three times over.
 */
void import('./start.ts')
