import type { FeedReader } from '../../serve/desk.js'

/** Published feeds. */
export function feedReader(): FeedReader {
  return {
    list: async () => ({ items: [], next: null }),
    one: async () => undefined,
  }
}
