# SPDX-License-Identifier: MIT
# Counts the lines of a log of TAP for tools/suite.sh: "passed failed skipped", and behind them which
# files passed at the second try, with the test that had failed first. Skipped ones are neither passed
# nor failed. "# NAME" begins the tests of a file, "# again: NAME" those that count instead.

/^# [^ ]/ { file = $NF }
/^# again: / {
  good -= goods[file]; bad -= bads[file]; skipped -= skips[file]
}
/^# passed at the second try: / {
  more = bads[file] > 1 ? sprintf(" and %d more", bads[file] - 1) : ""
  again = again (tries++ ? "; " : "") file titles[file] more
}
/^not ok/ {
  bad++
  if (!bads[file]++) {
    sub(/^not ok - /, "")
    sub(/ \([0-9.]+ s\).*$/, "")
    titles[file] = " \"" $0 "\""
  }
  next
}
/^ok.*# SKIP/ { skipped++; skips[file]++; next }
/^ok/ { good++; goods[file]++ }
END {
  print good + 0, bad + 0, skipped + 0, (tries ? tries " at the second try: " again : "")
}
