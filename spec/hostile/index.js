// SPDX-License-Identifier: MIT
// The index: every row that spec/hostile has to have, by the first word of its id, and those that
// no row of a table can express: where they are tested instead, as [file, words in it].

export const wanted = [
  "H02 H04 H05 H06 H07 H08 H11 H13 H16 H17 H18 H19 H20 H20b H21 H21b H21c H22 H28 H30 H35 H36 H38",
  "H39 H41 H42 H43 H44 H45 H46 H47 H47b H47c H48 H48b H48c H48d H48e H48f H49 X1 X2",
  "P02 P04 P05 P06 P11 P12 P16 P18 P20 P21 P24 P25 P26 P28 P30 P36 P38 P41 P42 P43 P45 P46 P47",
].flatMap((ids) => ids.split(" "));

export const elsewhere = {
  TM1: [["spec/hostile/timeouts.test.mjs", "TM1"]],
  TM2: [["spec/hostile/timeouts.test.mjs", "TM2"]],
  TM3: [["spec/hostile/timeouts.test.mjs", "TM3"]],
  TM4: [["spec/hostile/timeouts.test.mjs", "TM4"]],
  TM5: [["spec/hostile/floods.test.mjs", "TM5"], ["spec/hostile/timeouts.test.mjs", "TM5"]],
  TM6: [["spec/hostile/floods.test.mjs", "TM6"]],
  X6: [["spec/hostile/floods.test.mjs", "X6"]],
  FD1: [["spec/hostile/floods.test.mjs", "FD1"]],
};
