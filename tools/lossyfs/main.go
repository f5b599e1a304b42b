//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func main() {
	volume := flag.String("volume", "", "folder with the files as programs see them")
	durable := flag.String("durable", "", "folder that receives what fsync made durable; same file system as --volume")
	recover := flag.Bool("recover", false, "the power is back: first replace --volume by what --durable kept")
	flag.Parse()
	if *volume == "" || *durable == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: lossyfs [--recover] --volume VOL --durable DUR MOUNTPOINT")
		os.Exit(2)
	}
	if err := run(*volume, *durable, flag.Arg(0), *recover); err != nil {
		fmt.Fprintln(os.Stderr, "lossyfs:", err)
		os.Exit(1)
	}
}

func run(volume, durable, mountpoint string, recover bool) error {
	if recover {
		if err := powerOn(volume, durable); err != nil {
			return err
		}
	}
	d, err := newDisk(volume, durable)
	if err != nil {
		return err
	}
	server, err := mount(d, mountpoint)
	if err != nil {
		return fmt.Errorf("mount (it needs root and /dev/fuse): %w", err)
	}
	fmt.Println("ready") // what a test waits for
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-stop
		_ = server.Unmount()
	}()
	server.Wait()
	return nil
}

func mount(d *disk, mountpoint string) (*fuse.Server, error) {
	loopback, err := fs.NewLoopbackRoot(d.volume)
	if err != nil {
		return nil, err
	}
	root := &node{LoopbackNode: loopback.(*fs.LoopbackNode), disk: d}
	root.RootData.RootNode = root
	return fs.Mount(mountpoint, root, &fs.Options{MountOptions: fuse.MountOptions{
		Name: "lossyfs", FsName: "lossyfs",
		AllowOther:  true, // PostgreSQL does not run as root
		Options:     []string{"default_permissions"},
		DirectMount: true, // slim containers have no fusermount
	}})
}
