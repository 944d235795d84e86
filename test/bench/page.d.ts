/**
 * As much of a browser as the functions use that a benchmark runs in a page. Not TypeScript's own library for browsers: its Web
 * Crypto differs from Node's, and the benchmarks start real servers too.
 */
interface PageElement {
  readonly dataset: Readonly<Record<string, string | undefined>>;
  readonly textContent: string | null;
}
declare const document: {
  readonly documentElement: PageElement;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): ArrayLike<PageElement>;
};
declare function requestAnimationFrame(callback: () => void): number;
declare class MutationObserver {
  constructor(callback: () => void);
  observe(
    target: PageElement,
    options: {
      readonly attributes: boolean;
      readonly attributeFilter: readonly string[];
      readonly subtree?: boolean;
      readonly childList?: boolean;
      readonly characterData?: boolean;
    },
  ): void;
  disconnect(): void;
}
