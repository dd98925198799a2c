-- SPDX-License-Identifier: MIT
-- File name -> Content-Type, for what web pages are made of.

local types = {
  html = "text/html; charset=utf-8", htm = "text/html; charset=utf-8",
  css = "text/css; charset=utf-8",
  js = "text/javascript; charset=utf-8", mjs = "text/javascript; charset=utf-8",
  json = "application/json; charset=utf-8", map = "application/json; charset=utf-8",
  webmanifest = "application/manifest+json; charset=utf-8",
  txt = "text/plain; charset=utf-8", log = "text/plain; charset=utf-8",
  md = "text/markdown; charset=utf-8", ics = "text/calendar; charset=utf-8",
  csv = "text/csv; charset=utf-8", xml = "application/xml; charset=utf-8",
  vtt = "text/vtt; charset=utf-8",
  svg = "image/svg+xml", png = "image/png", apng = "image/apng", jpg = "image/jpeg",
  jpeg = "image/jpeg", gif = "image/gif", webp = "image/webp", avif = "image/avif",
  bmp = "image/bmp", ico = "image/x-icon",
  woff = "font/woff", woff2 = "font/woff2", ttf = "font/ttf", otf = "font/otf",
  mp3 = "audio/mpeg", m4a = "audio/mp4", aac = "audio/aac", flac = "audio/flac",
  ogg = "audio/ogg", opus = "audio/ogg", wav = "audio/wav",
  mp4 = "video/mp4", mov = "video/quicktime", ogv = "video/ogg", webm = "video/webm",
  m3u8 = "application/vnd.apple.mpegurl",
  pdf = "application/pdf", wasm = "application/wasm",
  zip = "application/zip", gz = "application/gzip", tar = "application/x-tar",
}

local mime = {}

--- The Content-Type of a file.
---@param path string
---@return string
function mime.of(path)
  local extension = path:match "%.([%w]+)$"
  return extension and types[extension:lower()] or "application/octet-stream"
end

return mime
