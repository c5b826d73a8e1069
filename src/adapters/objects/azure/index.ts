export { type AzureOptions, azure } from './azure.js'
