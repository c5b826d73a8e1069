import type { Theme } from 'vitepress'
// Without the fonts: those of the reader's system are there already.
import DefaultTheme from 'vitepress/theme-without-fonts'
import './style.css'

export default { extends: DefaultTheme } satisfies Theme
