/** What the program that brings windows to the front says by its exit code. The program and whoever runs it read the same word. */
export const NOTHING_TO_SHOW = 3;
