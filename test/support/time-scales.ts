/**
 * How much faster time passes where every request is counted: the shortest time limit, eight seconds, is
 * then still more than a second, which a loaded machine keeps.
 */
export const CAREFUL_SCALE = 5
