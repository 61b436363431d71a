package sdp

// Level1b is the level_idc by which this package names level 1b whatever the profile.
const Level1b = 9

// levelLimit is one row of ITU-T H.264 table A-1.
type levelLimit struct {
	level, maxMBPS, maxFS, maxBR int // maxBR in units of 1000 bit/s
}

// levels is ITU-T H.264 table A-1, in the order of capability.
var levels = [...]levelLimit{
	{10, 1485, 99, 64},
	{Level1b, 1485, 99, 128},
	{11, 3000, 396, 192},
	{12, 6000, 396, 384},
	{13, 11880, 396, 768},
	{20, 11880, 396, 2000},
	{21, 19800, 792, 4000},
	{22, 20250, 1620, 4000},
	{30, 40500, 1620, 10000},
	{31, 108000, 3600, 14000},
	{32, 216000, 5120, 20000},
	{40, 245760, 8192, 20000},
	{41, 245760, 8192, 50000},
	{42, 522240, 8704, 50000},
	{50, 589824, 22080, 135000},
	{51, 983040, 36864, 240000},
	{52, 2073600, 36864, 240000},
	{60, 4177920, 139264, 240000},
	{61, 8355840, 139264, 480000},
	{62, 16711680, 139264, 800000},
}

// LevelLimits returns what an H.264 level allows: macroblocks a picture,
// macroblocks a second and kbit/s (ITU-T H.264 table A-1, the VCL bitrate of the
// baseline and main profiles; high may go a quarter higher, which we leave
// unused). constraint is constraint_set3_flag, which makes level 11 to 1b; level
// 9 is 1b too. An unknown level counts as the next lower one.
func LevelLimits(level int, constraint bool) (maxFS, maxMBPS, maxBRkbit int) {
	if constraint && level == 11 {
		level = Level1b
	}
	l := levels[levelRank(level)]
	return l.maxFS, l.maxMBPS, l.maxBR
}

// levelRank returns the level's place in the table; unknown ones are rounded down.
func levelRank(level int) int {
	rank := 0
	for i, l := range levels {
		if l.level == level {
			return i
		}
		if l.level != Level1b && l.level < level {
			rank = i
		}
	}
	return rank
}

// knownLevel rounds a level down to one of the table.
func knownLevel(level int) int { return levels[levelRank(level)].level }

// lowerLevel returns the less capable of two levels.
func lowerLevel(a, b int) int { return levels[min(levelRank(a), levelRank(b))].level }
