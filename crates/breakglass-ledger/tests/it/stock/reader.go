// Reads an unpacked evidence pack with the packages that Go's module proxy is verified with, and nothing of ours: opens
// both signed notes, takes the tiles as a tlog client does, and checks every entry and every earlier size.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type tiles struct{ folder string }

func (t tiles) Height() int                         { return height }
func (t tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range list {
		// The paths of C2SP have no height in them.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func read(parts ...string) []byte {
	data, err := os.ReadFile(filepath.Join(parts...))
	must(err)
	return data
}

func main() {
	folder := os.Args[1]
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(folder, "verifier.key"))))
	must(err)
	known := note.VerifierList(verifier)
	_, err = note.Open(read(folder, "pack.note"), known)
	must(err)
	checkpoint, err := note.Open(read(folder, "checkpoint"), known)
	must(err)
	lines := strings.Split(checkpoint.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	reader := tlog.TileHashReader(tree, tiles{folder})

	entries := bytes.Split(bytes.TrimSuffix(read(folder, "entries.jsonl"), []byte("\n")), []byte("\n"))
	if int64(len(entries)) != size {
		must(fmt.Errorf("%d entries, the checkpoint has %d", len(entries), size))
	}
	var stored []tlog.Hash
	look := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for i, entry := range entries {
		more, err := tlog.StoredHashes(int64(i), entry, look)
		must(err)
		stored = append(stored, more...)
	}
	own, err := tlog.TreeHash(size, look)
	must(err)
	if own != tree.Hash {
		must(fmt.Errorf("the entries give root %v, the checkpoint has %v", own, tree.Hash))
	}
	for i := int64(0); i < size; i++ {
		proof, err := tlog.ProveRecord(size, i, reader)
		must(err)
		must(tlog.CheckRecord(proof, size, tree.Hash, i, tlog.RecordHash(entries[i])))
		old, err := tlog.TreeHash(i+1, look)
		must(err)
		grown, err := tlog.ProveTree(size, i+1, reader)
		must(err)
		must(tlog.CheckTree(grown, size, tree.Hash, i+1, old))
	}
	for n := int64(0); n*256 < size; n++ {
		path := fmt.Sprintf("tile/entries/%03d", n)
		if size-n*256 < 256 {
			path += fmt.Sprintf(".p/%d", size-n*256)
		}
		bundle := read(folder, path)
		for i := n * 256; len(bundle) > 0; i++ {
			length := int(binary.BigEndian.Uint16(bundle))
			if !bytes.Equal(bundle[2:2+length], entries[i]) {
				must(fmt.Errorf("entry %d is another one in its bundle", i))
			}
			bundle = bundle[2+length:]
		}
	}
	sums := sha256.Sum256(read(folder, "SHA256SUMS"))
	if !strings.Contains(string(read(folder, "pack.note")), fmt.Sprintf("%x", sums)) {
		must(fmt.Errorf("pack.note has another digest"))
	}
	fmt.Printf("%d entries\n", size)
}
