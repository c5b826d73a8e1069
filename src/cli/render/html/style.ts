/** Of the report: calm, one column on a telephone, by the reader's choice of dark and light. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f6f6f4;--card:#fff;--ink:#1d2126;--soft:#636b74;--line:#e4e4e0;--track:#efefec;
--blue:#3b6fb6;--good:#2b7a4b;--good-soft:#e3f2e8;--bad:#b3372f;--bad-soft:#fbe9e7;--warn:#8a6100;--warn-soft:#fbf1d9}
@media (prefers-color-scheme:dark){:root{--page:#14171a;--card:#1c2024;--ink:#e6e8ea;--soft:#9aa3ac;--line:#2c3238;--track:#262b31;
--blue:#7aa7e0;--good:#74c796;--good-soft:#1b3325;--bad:#f08a80;--bad-soft:#3b2220;--warn:#e0b552;--warn-soft:#382e17}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:40px 24px 56px}
h1{font-size:28px;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:13px;margin:0 0 14px;font-weight:600;color:var(--soft)}
p{margin:0}
code,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;font-size:13px}
.soft{color:var(--soft)}
.head{display:flex;flex-wrap:wrap;align-items:center;gap:10px 14px}
.pill{padding:3px 12px;border-radius:999px;font-weight:600;font-size:13px}
.same{color:var(--good);background:var(--good-soft)}
.different{color:var(--bad);background:var(--bad-soft)}
.unverified{color:var(--warn);background:var(--warn-soft)}
.lead{margin:10px 0 28px;font-size:17px;max-width:60em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:12px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:12px;min-width:0}
.tile{padding:14px 18px}
.tile b{display:block;font-size:24px;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
.card{padding:20px;margin-bottom:12px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:12px;margin-bottom:12px}
.cards .card{margin:0}
.bars{display:grid;grid-template-columns:minmax(90px,auto) 1fr auto;gap:9px 12px;align-items:center;margin:0}
.bars dt{overflow-wrap:anywhere}
.bars dd{margin:0;font-variant-numeric:tabular-nums;text-align:right}
.bars dd:nth-of-type(odd){min-width:60px}
svg{display:block;width:100%}
.bar{height:10px}
.plot{height:120px}
.axis{display:flex;justify-content:space-between;gap:12px;font-size:12px;margin-top:8px;color:var(--soft)}
.axis span{overflow-wrap:anywhere}
.track{fill:var(--track)}.fill{fill:var(--blue)}.fill.different{fill:var(--bad);background:none}.fill.same{fill:var(--good)}
.fill.unverified{fill:var(--warn)}
.facts{display:grid;grid-template-columns:auto 1fr;gap:6px 16px;margin:0}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.facts code{white-space:pre-wrap}
.wide{overflow-x:auto;margin:0 -20px -20px;padding:0 20px 20px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;font-weight:600;color:var(--soft);font-size:12px;padding:0 16px 8px 0;white-space:nowrap}
td{padding:7px 16px 7px 0;border-top:1px solid var(--line);vertical-align:top}
td:last-child,th:last-child{padding-right:0}
td.mono{overflow-wrap:anywhere;min-width:7em;white-space:pre-wrap}
.row{padding:16px 0;border-top:1px solid var(--line)}
.row:first-of-type{border-top:0;padding-top:0}.row:last-child{padding-bottom:0}
.row header{display:flex;flex-wrap:wrap;gap:4px 12px;margin-bottom:8px;align-items:baseline}
.row header b{font-weight:600}
.row table{table-layout:fixed}.row th:first-child,.row td:first-child{width:22%}
.row td:first-child{color:var(--soft);overflow-wrap:anywhere}
.row td{padding:4px 12px 4px 0}
.cell{display:inline-block;border-radius:5px;padding:0 6px;margin-left:-6px;max-width:100%}
.off .cell{background:var(--bad-soft);color:var(--bad)}
.null{color:var(--soft);font-style:italic}
.next code{display:block;background:var(--track);border-radius:8px;padding:10px 14px;margin-top:10px;overflow-x:auto;white-space:pre}
footer{margin-top:28px;color:var(--soft);font-size:13px}
@media (max-width:560px){main{padding:24px 14px 40px}h1{font-size:23px}.lead{font-size:16px;margin-bottom:20px}
.tiles{grid-template-columns:1fr 1fr}.cards{grid-template-columns:minmax(0,1fr)}.card{padding:16px}
.tile{padding:12px 14px}.tile b{font-size:20px}.wide{margin:0 -16px -16px;padding:0 16px 16px}
.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:10px}
.row table,.row tbody,.row tr,.row td{display:block;width:auto}.row thead{display:none}.row td:first-child{width:auto;padding-top:8px}
.row tr{border-top:1px solid var(--line)}.row td{border:0;padding:1px 0}.row td[data-side]::before{content:attr(data-side);
display:inline-block;width:52px;color:var(--soft);font:12px system-ui,sans-serif}}
@media print{body{background:#fff}.card,.tile{break-inside:avoid}}
`
