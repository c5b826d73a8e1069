import { pageOf, type Reading, type Stretch } from './read.js'

/**
 * A way through a table's pages to its end, stretch by stretch, each read by a statement of its own. It remembers from
 * which page on the rows of each transaction met were all read; that holds only once the end is reached.
 */
export class Walk {
  /** Full transaction id -> first page. */
  readonly seen = new Map<number, number>()
  #from: Stretch['from']
  #page: number

  constructor(firstPage: number) {
    this.#from = firstPage
    this.#page = firstPage
  }

  /** The next stretch: so many pages, or all that are left, however far the table has grown beyond `end`. */
  stretch(pages: number, end: number): Stretch {
    return { from: this.#from, to: this.#page + pages < end ? this.#page + pages : undefined }
  }

  /** Takes note of what a stretch brought. Answers whether there is more to read. */
  advance({ to }: Stretch, { xids, resume }: Pick<Reading, 'xids' | 'resume'>): boolean {
    for (const xid of xids) if (!this.seen.has(xid)) this.seen.set(xid, this.#page)
    if (resume !== undefined) {
      this.#from = { after: resume }
      // The rest of that page is read by another statement, so only the pages behind it are whole.
      this.#page = pageOf(resume) + 1
      return true
    }
    if (to === undefined) return false
    this.#from = to
    this.#page = to
    return true
  }
}
