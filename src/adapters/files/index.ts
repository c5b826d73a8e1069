export { type FilesOptions, files } from './files.js'
export { ndjson } from './ndjson.js'
export type { CsvOptions, ReadOptions } from './options.js'
export { type StdinOptions, stdin } from './stdin.js'
