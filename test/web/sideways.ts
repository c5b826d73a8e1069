import type { Page } from 'playwright-core'

/**
 * What of a page's content is wider than its place, so that it scrolls sideways or is cut off: name and both widths of each
 * element. Without exception, as code wraps too; what only a screen reader reads is one pixel wide, and no place.
 */
export async function sideways(page: Page): Promise<readonly string[]> {
  return page.evaluate(`[document.documentElement, ...document.querySelectorAll('main, main *')]
    .filter((one) => one.clientWidth > 1 && one.scrollWidth > one.clientWidth)
    .filter((one) => one === document.documentElement || getComputedStyle(one).overflowX !== 'visible')
    .map((one) => [one.tagName, one.ariaLabel ?? one.className, one.scrollWidth, one.clientWidth].join(' '))`)
}
