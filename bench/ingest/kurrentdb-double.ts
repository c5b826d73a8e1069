/** The KurrentDB double as a process of its own, as a server is: it must not share the reader's event loop. */
import { EmbeddedKurrentdb } from '../../src/embedded/kurrentdb/embedded-kurrentdb.js'

const double = await EmbeddedKurrentdb.start()
process.send?.(double.url)
// The parent is gone, however it ended.
process.once('disconnect', () => process.exit())
