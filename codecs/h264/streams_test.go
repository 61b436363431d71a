package h264

import "encoding/hex"

// Streams of 48x48 samples that x264 made: an IDR picture with parameter sets
// and two P pictures; CAVLC (Constrained Baseline) and CABAC (Main).
var streams = [2][3][]byte{
	{
		unhex("000000016742c01fda37a10000030001000003003c8f1832a00000000168ce3c8000000165888406bfffff045140004917d1c00042864e4ebaebaebaf0"),
		unhex("00000001419a2017f9bfffe08a2800089cfa38000834e6c3fff0f4500031f37fffc3d14000c7cfe7f3f9fcfe7f"),
		unhex("00000001419a4013f9bfffe08a28000840fa3800081be6c3fff0f450001000f9bfffe1e8a0002001f3f9fcfe7f3f9fc0"),
	}, {
		unhex("00000001674d401fda37a10000030001000003003c8f1832a00000000168ee3c8000000165888406bffa7fc255ff028efdc997ffb03dc137df2e7ade5d8c520aa928e50d806f"),
		unhex("00000001419a220bffdd43fe12a4ae4ffe0bbb53ff83b814777d70ebad26f50e0a875cef7ca6f965ce6aa76f87f0"),
		unhex("00000001419a4209ffd1dbf82ed38afff849dd5febb265684e9d33be9d440dec24051973dd5d3218c6d85cc7"),
	},
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// nals returns the NAL units of a stream.
func nals(stream []byte) (list [][]byte) {
	for nal, rest := nextNAL(stream); len(nal) > 0; nal, rest = nextNAL(rest) {
		list = append(list, nal)
	}
	return list
}
