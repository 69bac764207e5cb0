/**
 * The file that the runner starts. It only loads the rest: ncc wraps the modules of the first file in
 * nested functions, which Node parses two or three times (measured by `npm run bench`).
 */
void import('./main.ts').then(({ start }) => start())
