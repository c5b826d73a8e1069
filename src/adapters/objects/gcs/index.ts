export { type GcsOptions, gcs } from './gcs.js'
