// The narrow face of libswresample, libavformat and libswscale that
// resampler.go, muxer.go and reader.go call. Functions return 0 or more for
// success or a negative AVERROR.
#ifndef PARLEY_FFMPEG_MEDIA_H
#define PARLEY_FFMPEG_MEDIA_H

#include <stdint.h>

typedef struct pm_resampler pm_resampler;

int pm_resampler_open(pm_resampler **r, int from, int to);
// pm_resample writes at most room samples to out and returns how many; in may
// be NULL to flush.
int pm_resample(pm_resampler *r, const float *in, int count, float *out, int room);
// pm_resample_room returns how many samples the next count of them may give.
int pm_resample_room(pm_resampler *r, int count);
void pm_resampler_close(pm_resampler *r);

typedef struct pm_muxer pm_muxer;

int pm_muxer_open(pm_muxer **m, const char *path, int width, int height, int audio);
// pm_muxer_header begins the file; headers are the SPS and PPS in Annex B.
int pm_muxer_header(pm_muxer *m, const uint8_t *headers, int size);
int pm_muxer_video(pm_muxer *m, const uint8_t *data, int size, int64_t pts, int key);
// pm_muxer_audio encodes a full AAC frame of samples; NULL drains the encoder.
int pm_muxer_audio(pm_muxer *m, const float *samples, int64_t pts);
int pm_muxer_audio_frame(pm_muxer *m);
// pm_muxer_close finishes the file where it was begun.
int pm_muxer_close(pm_muxer *m);

#define PM_END 0
#define PM_VIDEO 1
#define PM_AUDIO 2

typedef struct pm_reader pm_reader;

typedef struct {
	int width, height;  // of a picture, even
	int samples;        // of sound at 48 kHz
	int64_t pts;        // microseconds
} pm_item;

int pm_reader_open(pm_reader **r, const char *path, int *video, int *audio);
// pm_reader_next decodes up to the next picture or sound and returns PM_*.
int pm_reader_next(pm_reader *r, pm_item *out);
// pm_reader_picture writes the picture of the last pm_reader_next.
int pm_reader_picture(pm_reader *r, uint8_t *y, uint8_t *u, uint8_t *v, int stride_y, int stride_uv);
// pm_reader_sound writes the samples of the last pm_reader_next.
int pm_reader_sound(pm_reader *r, float *out);
int pm_reader_rewind(pm_reader *r);
void pm_reader_close(pm_reader *r);

#endif
